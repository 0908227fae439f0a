import '@design/tokens.css'
import '@design/base.css'
import './field.css'
import { createApp } from 'vue'
import App from './App.vue'
import { startInstall, startWorker } from './install'
import { send, startQueue, startSent } from './queue/queue'
import { startRoute } from './route'
import { loadSession, startSession } from './session'
import { startTheme } from './theme'
import { chosenLanguage, setLanguage } from './words/words'

startTheme()
startInstall()
startRoute()
async function start(): Promise<void> {
  await Promise.all([
    setLanguage(chosenLanguage()).catch(() => setLanguage('zh-CN')),
    startSession().catch(() => {}), startQueue().catch(() => {}), startSent().catch(() => {}),
  ])
  createApp(App).mount('#app')
  await loadSession()
  void send()
  await startWorker()
  // Where there is no service worker, at least what is open now goes on without network.
  setTimeout(() => import('./rooms/later').catch(() => {}), 3000)
}
void start()
