import type { Room } from '@/rooms'

const room: Room = {
  name: 'today',
  menu: { under: 'top', order: 0, label: 'page.today', to: '/today' },
  routes: [{ path: '/today', component: () => import('./TodayPage.vue'), meta: { title: 'page.today' } }],
}
export default room
