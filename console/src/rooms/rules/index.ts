import type { Room } from '@/rooms'

const room: Room = {
  name: 'rules',
  menu: { under: 'foot', order: 80, label: 'room.rules', to: '/rules' },
  needs: ['read', 'rules.edit'],
  routes: [{ path: '/rules', component: () => import('./RulesPage.vue'), meta: { title: 'room.rules' } }],
}
export default room
