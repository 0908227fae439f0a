// Text of a form with its marks (bold, lists, links), drawn as elements. Raw HTML in a form is shown as the text it is.
import { defineComponent, h, type PropType, type VNode } from 'vue'
import type { MarkdownNode, TextRange, TextRole } from '@getodk/xforms-engine'

const ELEMENTS = new Set(['h1', 'h2', 'h3', 'h4', 'h5', 'h6', 'a', 'br', 'div', 'em', 'li', 'ol', 'p', 'span', 'strong', 'u', 'ul'])
/** Inside a label or a legend there are no blocks, and a heading would upset the order of the page's headings. */
const INLINE: { [name: string]: string } = { p: 'span', div: 'span', h1: 'strong', h2: 'strong', h3: 'strong', h4: 'strong', h5: 'strong', h6: 'strong', ul: 'span', ol: 'span', li: 'span' }

function draw(node: MarkdownNode, inline: boolean): VNode | string {
  if (node.role === 'child') return node.value
  if (node.role === 'html') return node.unsafeHtml.replace(/<[^>]*>/g, '')
  if (node.role === 'line-break') return h('br')
  const name = ELEMENTS.has(node.elementName) ? node.elementName : 'span'
  const children = node.children.map((c) => draw(c, inline))
  if (name === 'a') {
    const url = 'url' in node ? String(node.url) : ''
    return /^https?:\/\//.test(url) ? h('a', { href: url, target: '_blank', rel: 'noopener noreferrer' }, children) : h('span', children)
  }
  const heading = /^h[1-6]$/.test(name)
  return h(inline ? (INLINE[name] ?? name) : heading ? 'strong' : name, inline && (name === 'p' || name === 'div' || name === 'li') ? { class: 'form-line' } : {}, children)
}

export default defineComponent({
  props: { text: { type: Object as PropType<TextRange<TextRole> | null>, default: null }, inline: { type: Boolean, default: true } },
  setup: (props) => () => {
    const { text } = props
    if (!text) return null
    const nodes = text.formatted
    return nodes.length ? nodes.map((n) => draw(n, props.inline)) : text.asString
  },
})
