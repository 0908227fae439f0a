// A time that moves on, for ages on the screen.
import { ref } from 'vue'
import { now } from '@/api/client'

export const tick = ref(now())
const move = (): void => { tick.value = now() }
setInterval(move, 20_000)
document.addEventListener('visibilitychange', move)
export const moveOn = move
