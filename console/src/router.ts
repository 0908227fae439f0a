import { createRouter, createWebHistory } from 'vue-router'
import { rooms } from './rooms'
import { language, t, type Key } from '@/words/words'
import { session } from './session'
import { watch } from 'vue'

export const router = createRouter({
  history: createWebHistory('/console/'),
  routes: [
    { path: '/', redirect: '/today' },
    ...rooms.flatMap((room) => room.routes),
    { path: '/:rest(.*)*', component: () => import('./shared/say/NotFound.vue'), meta: { title: 'page.not_found' } },
  ],
  scrollBehavior: (to, from, saved) => saved ?? (to.path === from.path ? undefined : { top: 0 }),
})

// The place in view stays in view when one goes from page to page, and it is in the address, so that an address can be sent on.
router.beforeEach((to, from) => {
  if (to.query['place'] === undefined && from.query['place'] !== undefined && from.matched.length > 0) {
    return { ...to, query: { ...to.query, place: from.query['place'] } }
  }
  return true
})

function setTitle(): void {
  const key = router.currentRoute.value.meta['title'] as Key | undefined
  document.title = [key ? t(key) : null, session.value?.installation ?? t('programme.name')].filter(Boolean).join(' · ')
}
router.afterEach((to, from) => {
  setTitle()
  // A new page is announced by moving the focus to its heading, but not when only a filter changed.
  if (from.matched.length > 0 && to.path !== from.path) requestAnimationFrame(() => document.getElementById('main')?.focus({ preventScroll: true }))
})
watch([language, session], setTitle)
