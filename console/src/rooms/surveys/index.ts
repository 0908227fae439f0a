import type { Room } from '@/rooms'

const room: Room = {
  name: 'surveys',
  menu: { under: 'know', order: 40, label: 'room.surveys', to: '/submissions' },
  needs: ['read'],
  routes: [
    { path: '/submissions', component: () => import('./SubmissionsPage.vue'), meta: { title: 'room.submissions' } },
    { path: '/submissions/map', component: () => import('./SubmissionsMap.vue'), meta: { title: 'surveys.map' } },
    { path: '/submissions/:key', component: () => import('./SubmissionPage.vue'), meta: { title: 'surveys.submission' } },
    { path: '/forms', component: () => import('./FormsPage.vue'), meta: { title: 'room.forms' } },
    { path: '/forms/:key/mapping', component: () => import('./MappingPage.vue'), meta: { title: 'mapping.title' } },
    { path: '/readings', component: () => import('./ReadingsPage.vue'), meta: { title: 'room.readings' } },
    { path: '/forms/:key', component: () => import('./FormPage.vue'), meta: { title: 'surveys.form' } },
  ],
}
export default room
