import { createApp } from 'vue'
import '@design/tokens.css'
import '@design/base.css'
import './console.css'
import App from './App.vue'
import { Refused } from '@/api/client'
import { router } from './router'
import { loadSession } from './session'
import { startTheme } from './theme'
import { chosenLanguage, setLanguage } from '@/words/words'

startTheme()
const start = Promise.all([
  setLanguage(chosenLanguage()),
  loadSession().then(() => true, (error: unknown) => !(error instanceof Refused && error.status === 401)),
])
void start.then(([, signedIn]) => {
  if (signedIn) createApp(App).use(router).mount('#app')
  else location.assign(`/login?next=${encodeURIComponent(location.pathname + location.search)}`)
})
