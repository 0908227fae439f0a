import type { Room } from '@/rooms'

const room: Room = {
  name: 'audit',
  menu: { under: 'foot', order: 95, label: 'room.audit', to: '/audit' },
  needs: ['audit.read'],
  routes: [{ path: '/audit', component: () => import('./AuditPage.vue'), meta: { title: 'room.audit' } }],
}
export default room
