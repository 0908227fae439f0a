import type { Room } from '@/rooms'

const room: Room = {
  name: 'campaigns',
  menu: { under: 'know', order: 45, label: 'room.campaigns', to: '/campaigns' },
  needs: ['read'],
  routes: [
    { path: '/campaigns', component: () => import('./CampaignsPage.vue'), meta: { title: 'room.campaigns' } },
    { path: '/campaigns/:key', component: () => import('./CampaignPage.vue'), meta: { title: 'campaigns.one' } },
    { path: '/coverage', component: () => import('./CoveragePage.vue'), meta: { title: 'room.coverage' } },
    { path: '/burden', component: () => import('./BurdenPage.vue'), meta: { title: 'room.burden' } },
  ],
}
export default room
