// The form engine behind our own pages (@getodk/xforms-engine, ODK's; it brings no look of its own). It parses the form, keeps
// what depends on what, and writes the answers; this file hands it the outside and knows its ways.
import { loadForm, type AnyNode, type FormLanguage, type InstanceData, type RootNode } from '@getodk/xforms-engine'
import { reactive } from 'vue'
import { uuidv7 } from '@/queue/uuid'

/** Answers as they are kept on the phone: the XML of the submission and its files by their names in it. */
export interface Answers { xml: string; files: { name: string; blob: Blob }[] }
export interface Outside {
  /** The form as XForm XML. */
  xml: string
  /** A file that came with the form, by name; null: it is not there. */
  attachment: (name: string) => Promise<Blob | null>
  who: string
  device: string
  language: string
}
export type Opened = { is: 'open'; root: RootNode } | { is: 'refused'; why: string }

/** Opens a form: empty, or with answers that were kept. */
export async function openForm(outside: Outside, before: Answers | null): Promise<Opened> {
  const result = await loadForm(titled(outside.xml), {
    missingResourceBehavior: 'BLANK',
    fetchFormAttachment: async (url) => {
      const blob = await outside.attachment(decodeURIComponent(String(url).split('/').pop() ?? ''))
      return blob ? new Response(blob) : new Response('', { status: 404 })
    },
  })
  if (result.status === 'failure') return { is: 'refused', why: reasons(result.error as unknown as { errors: readonly unknown[] }) }
  const config = {
    stateFactory: <T extends object>(o: T): T => reactive(o) as T,
    // Two photos are both called image.jpg by the phone.
    instanceAttachments: { fileNameFactory: (meta: { extension: string | null }): string => `${uuidv7()}${meta.extension ?? ''}` },
    preloadProperties: { deviceID: outside.device, username: outside.who },
  }
  try {
    const root = before ? (await result.restoreInstance({ data: [formData(before)] }, config)).root : result.createInstance(config).root
    const language = wanted(root.languages, outside.language)
    if (language) root.setLanguage(language)
    return { is: 'open', root }
  } catch (e) {
    return { is: 'refused', why: e instanceof Error ? e.message : String(e) }
  }
}

const XHTML = 'http://www.w3.org/1999/xhtml'
/** The engine opens no form without a title element; to ODK's own programs it is optional. */
function titled(xml: string): string {
  const tree = new DOMParser().parseFromString(xml, 'text/xml')
  const head = tree.getElementsByTagNameNS(XHTML, 'head')[0]
  if (!head || tree.getElementsByTagNameNS(XHTML, 'title').length) return xml
  head.insertBefore(tree.createElementNS(XHTML, 'h:title'), head.firstChild)
  return new XMLSerializer().serializeToString(tree)
}

const reasons = (error: { errors: readonly unknown[] }): string => error.errors.map((e) => (e instanceof Error ? e.message || e.constructor.name : String(e))).join(' ')

function formData(before: Answers): InstanceData {
  const data = new FormData()
  data.append('xml_submission_file', new File([before.xml], 'xml_submission_file', { type: 'text/xml' }))
  for (const f of before.files) data.append(f.name, new File([f.blob], f.name, { type: f.blob.type }))
  return data as unknown as InstanceData
}

/** The answers as they stand. Files are looked for here: the engine's payload leaves out those that came back with a draft, taking them for sent. */
export async function answersOf(root: RootNode): Promise<Answers> {
  const { data } = await root.prepareInstancePayload({ payloadType: 'monolithic' })
  const files: Answers['files'] = []
  const walk = (n: AnyNode): void => {
    if (!n.currentState.relevant) return
    if (n.nodeType === 'upload' && n.currentState.value) files.push({ name: n.currentState.instanceValue, blob: n.currentState.value })
    for (const c of (n.currentState.children ?? []) as readonly AnyNode[]) walk(c)
  }
  walk(root as unknown as AnyNode)
  return { xml: await data[0].get('xml_submission_file').text(), files }
}

/** The language of the form that fits that of the app: its tag in brackets, its name in either language; null where the form has none of it. */
export function wanted(languages: readonly { language: string }[], app: string): FormLanguage | null {
  const fits = app.startsWith('zh') ? /\bzh\b|\u4e2d\u6587|\u6c49\u8bed|chinese/i : /\ben\b|english|\u82f1/i
  return (languages.find((l) => l.language !== '' && fits.test(l.language)) as FormLanguage | undefined) ?? null
}

/** Fills in what facts know already, where nothing stands yet; the paths that were. Only what is written, not what is chosen. */
export function prefill(root: RootNode, known: readonly { path: string; value: string }[]): string[] {
  const filled: string[] = []
  const walk = (n: AnyNode, path: string): void => {
    const found = n.nodeType === 'input' && !n.currentState.readonly && n.currentState.instanceValue === '' ? known.find((k) => k.path === path) : undefined
    if (found) {
      ;(n as { setValue: (value: string) => unknown }).setValue(found.value)
      filled.push(path)
    }
    for (const c of (n.currentState.children ?? []) as readonly AnyNode[]) walk(c, `${path}/${c.definition.qualifiedName.localName}`)
  }
  walk(root as unknown as AnyNode, `/${root.definition.qualifiedName.localName}`)
  return filled
}

/** Whether there is something to be seen of a node; a group of hidden values only is no section. */
export function seen(node: AnyNode): boolean {
  if (!node.currentState.relevant || node.nodeType === 'model-value') return false
  if (node.nodeType === 'group' || node.nodeType === 'repeat-instance') return node.currentState.hasRelevantBodyNodes
  return true
}

/** Questions that are to be answered, and those that are. */
export function counted(node: AnyNode): { asked: number; answered: number } {
  const sum = { asked: 0, answered: 0 }
  const walk = (n: AnyNode): void => {
    if (!seen(n)) return
    const { children } = n.currentState
    if (children) { for (const c of children as readonly AnyNode[]) walk(c); return }
    if (n.nodeType === 'note' || n.currentState.readonly || !('instanceValue' in n.currentState)) return
    sum.asked++
    if (n.currentState.instanceValue !== '') sum.answered++
  }
  walk(node)
  return sum
}
