import type { Room } from '@/rooms'

const room: Room = {
  name: 'accounts',
  menu: { under: 'foot', order: 85, label: 'room.accounts', to: '/accounts' },
  needs: ['accounts.manage', 'accounts.secure'],
  routes: [
    { path: '/accounts', component: () => import('./AccountsPage.vue'), meta: { title: 'room.accounts' } },
    { path: '/accounts/invite', component: () => import('./InvitePage.vue'), meta: { title: 'accounts.bulk' } },
    { path: '/accounts/:id', component: () => import('./AccountPage.vue'), meta: { title: 'room.accounts' } },
    // Everybody's own, whatever he may do; its entry is in the menu of the account.
    { path: '/account', component: () => import('./MyAccountPage.vue'), meta: { title: 'account.mine' } },
  ],
}
export default room
