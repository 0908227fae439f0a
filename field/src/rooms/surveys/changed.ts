// What a question calls when it was answered, so that the draft is saved at every change; and whether mistakes are shown yet.
import type { InjectionKey, Ref } from 'vue'

export const CHANGED: InjectionKey<() => void> = Symbol('changed')
/** Raised when the person wanted to send: from then on every mistake shows at its question. */
export const CHECKED: InjectionKey<Ref<boolean>> = Symbol('checked')
/** The form's own pictures and sounds, by name. */
export const MEDIA: InjectionKey<(name: string) => Promise<Blob | null>> = Symbol('media')
