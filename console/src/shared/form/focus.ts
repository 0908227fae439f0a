// A button that goes with its form must not take the focus with it: whoever works by keyboard would be thrown to the top of the page.
import { onBeforeUnmount, type Ref } from 'vue'

/** To the main part of the page, as when one arrives on it. */
export function focusMain(): void { document.getElementById('main')?.focus({ preventScroll: true }) }
/** Where the form is taken away with the focus in it, the focus goes to the main part. */
export function useKeptFocus(form: Readonly<Ref<HTMLElement | undefined>>): void {
  onBeforeUnmount(() => { if (form.value?.contains(document.activeElement)) focusMain() })
}
