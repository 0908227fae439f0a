import enField from '@locales/en/field.json'
import enShared from '@locales/en/shared.json'

const words: { [key: string]: string } = { ...enShared, ...enField }
export default words
