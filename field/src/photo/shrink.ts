// A photo as the camera gives it, made small enough for a village's network: at most 1600 pixels, JPEG, with its EXIF.
import { exifSegment, readShot, upright, withSegment, type Shot } from './exif'

export const SIDE_MAX = 1600
const BYTES_FINE = 500_000
export interface Photo extends Shot { blob: Blob }

/** A photo that was saved before, read again. */
export async function photoOf(blob: Blob): Promise<Photo> {
  const segment = exifSegment(new Uint8Array(await blob.arrayBuffer()))
  return { blob, ...(segment ? readShot(segment) : { taken_ms: null, position: null }) }
}

/** null: this browser cannot open the file. */
export async function shrink(file: File): Promise<Photo | null> {
  const bytes = new Uint8Array(await file.arrayBuffer())
  const segment = exifSegment(bytes)
  const shot: Shot = segment ? readShot(segment) : { taken_ms: null, position: null }
  const url = URL.createObjectURL(file)
  try {
    const image = new Image() // an <img> turns the picture upright by its EXIF when drawn (Chromium 81, Safari 13.1 and later)
    image.src = url
    await image.decode()
    const scale = Math.min(1, SIDE_MAX / Math.max(image.naturalWidth, image.naturalHeight))
    if (scale === 1 && bytes.length <= BYTES_FINE && file.type === 'image/jpeg') return { ...shot, blob: file.slice(0, file.size, 'image/jpeg') }
    const canvas = document.createElement('canvas')
    canvas.width = Math.round(image.naturalWidth * scale)
    canvas.height = Math.round(image.naturalHeight * scale)
    const context = canvas.getContext('2d')
    if (!context) return null
    context.imageSmoothingQuality = 'high'
    context.drawImage(image, 0, 0, canvas.width, canvas.height)
    const small = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, 'image/jpeg', 0.8))
    canvas.width = canvas.height = 0 // frees the memory at once on small phones
    if (!small) return null
    if (!segment) return { ...shot, blob: small }
    return { ...shot, blob: new Blob([withSegment(new Uint8Array(await small.arrayBuffer()), upright(segment)) as BlobPart], { type: 'image/jpeg' }) }
  } catch {
    return null
  } finally {
    URL.revokeObjectURL(url)
  }
}
