// All wording. Chinese comes with the app, English when asked for. Keys are flat: 'today.empty'.
import { ref, shallowRef } from 'vue'
import zhField from '@locales/zh-CN/field.json'
import zhShared from '@locales/zh-CN/shared.json'
import { fill, type Args } from './fill'

export type Language = 'zh-CN' | 'en'
export type Key = keyof typeof zhField | keyof typeof zhShared
type Words = { [key: string]: string }

const zh: Words = { ...zhShared, ...zhField }
const words = shallowRef<Words>(zh)
export const language = ref<Language>('zh-CN')

export function t(key: Key, args?: Args): string { return fill(words.value[key] ?? key, args) }

/** A word of the programme by its code, such as word('state', 'assigned'); an unknown code is shown as it is. */
export function word(list: string, code: string): string { return words.value[`${list}.${code}`] ?? code }

export async function setLanguage(wanted: Language): Promise<void> {
  if (wanted === 'en') {
    const en = await import('./en')
    words.value = en.default
  } else words.value = zh
  language.value = wanted
  document.documentElement.lang = wanted
  document.cookie = `qw_lang=${wanted}; path=/; max-age=31536000; samesite=lax${location.protocol === 'https:' ? '; secure' : ''}`
}

/** As the server chooses: the address, the cookie, the browser; Chinese where none of them says. */
export function chosenLanguage(): Language {
  const asked = new URLSearchParams(location.search).get('lang') ?? /(?:^|; )qw_lang=([^;]+)/.exec(document.cookie)?.[1] ?? navigator.language
  return asked?.startsWith('en') ? 'en' : 'zh-CN'
}
