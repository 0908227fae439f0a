import type { Room } from '@/rooms'

const room: Room = {
  name: 'activity',
  menu: { under: 'foot', order: 90, label: 'room.activity', to: '/activity' },
  needs: ['log.read'],
  routes: [{ path: '/activity', component: () => import('./ActivityPage.vue'), meta: { title: 'room.activity' } }],
}
export default room
