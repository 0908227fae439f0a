import type { Room } from '@/rooms'

const room: Room = {
  name: 'planning',
  menu: { under: 'plan', order: 10, label: 'room.needs', to: '/needs' },
  needs: ['read'],
  routes: [
    { path: '/needs', component: () => import('./NeedsPage.vue'), meta: { title: 'room.needs' } },
    { path: '/catalogue', component: () => import('./CataloguePage.vue'), meta: { title: 'room.catalogue' } },
    { path: '/wishes', component: () => import('./WishesPage.vue'), meta: { title: 'room.wishes' } },
  ],
}
export default room
