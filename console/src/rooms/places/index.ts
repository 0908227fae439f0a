import type { Room } from '@/rooms'

const room: Room = {
  name: 'places',
  menu: { under: 'know', order: 20, label: 'room.places', to: '/places' },
  needs: ['read', 'places.edit'],
  routes: [
    { path: '/places', component: () => import('./PlacesPage.vue'), meta: { title: 'room.places' } },
    { path: '/places/map', component: () => import('./PlacesMap.vue'), meta: { title: 'places.map' } },
    { path: '/places/:id(\\d+)', component: () => import('./PlacePage.vue'), meta: { title: 'places.dossier' } },
  ],
}
export default room
