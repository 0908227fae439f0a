import type { Room } from '@/rooms'

const room: Room = {
  name: 'duties',
  menu: { under: 'assess', order: 10, label: 'room.duties', to: '/posts' },
  needs: ['read'],
  routes: [
    { path: '/posts', component: () => import('./BoardPage.vue'), meta: { title: 'duties.board' } },
    { path: '/posts/list', component: () => import('./PostsPage.vue'), meta: { title: 'duties.list' } },
    { path: '/posts/:place(\\d+)/:role/:department?', component: () => import('./PostPage.vue'), meta: { title: 'duties.one' } },
    { path: '/officials/:person', component: () => import('./OfficialPage.vue'), meta: { title: 'duties.official' } },
    { path: '/lapses', component: () => import('./LapsesPage.vue'), meta: { title: 'duties.lapses' } },
    { path: '/handovers', component: () => import('./HandoversPage.vue'), meta: { title: 'duties.handovers' } },
    { path: '/handovers/:hash', component: () => import('./HandoverPage.vue'), meta: { title: 'duties.handover' } },
  ],
}
export default room
