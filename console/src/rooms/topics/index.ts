import type { Room } from '@/rooms'

const room: Room = {
  name: 'topics',
  menu: { under: 'know', order: 30, label: 'room.topics', to: '/topics' },
  needs: ['read', 'problems.triage'],
  routes: [
    { path: '/topics', component: () => import('./TopicsPage.vue'), meta: { title: 'room.topics' } },
    { path: '/topics/:key', component: () => import('./TopicPage.vue'), meta: { title: 'topics.one' } },
  ],
}
export default room
