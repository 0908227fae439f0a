import type { Room } from '@/rooms'

const room: Room = {
  name: 'tasks',
  menu: { under: 'assess', order: 20, label: 'room.tasks', to: '/tasks' },
  needs: ['read'],
  routes: [
    { path: '/tasks', component: () => import('./TasksPage.vue'), meta: { title: 'room.tasks' } },
    { path: '/tasks/figures', component: () => import('./TasksFigures.vue'), meta: { title: 'tasks.figures' } },
    { path: '/tasks/new', component: () => import('./TaskNew.vue'), meta: { title: 'tasks.new' } },
    { path: '/tasks/:key', component: () => import('./TaskPage.vue'), meta: { title: 'tasks.one' } },
  ],
}
export default room
