import type { Room } from '@/rooms'

const room: Room = {
  name: 'problems',
  menu: { under: 'know', order: 10, label: 'room.problems', to: '/problems' },
  needs: ['read', 'problems.report'],
  routes: [
    { path: '/problems', component: () => import('./ProblemsPage.vue'), meta: { title: 'room.problems' } },
    { path: '/problems/board', component: () => import('./ProblemsBoard.vue'), meta: { title: 'problems.board' } },
    { path: '/problems/map', component: () => import('./ProblemsMap.vue'), meta: { title: 'problems.map' } },
    { path: '/problems/figures', component: () => import('./ProblemsFigures.vue'), meta: { title: 'problems.figures' } },
    { path: '/problems/new', component: () => import('./ProblemNew.vue'), meta: { title: 'problems.new' } },
    { path: '/problems/:key', component: () => import('./ProblemPage.vue'), meta: { title: 'problems.one' } },
  ],
}
export default room
