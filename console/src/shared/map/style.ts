// The style of the drawn map, made from the design tokens. No glyph server: labels come from the reader's own fonts.
import type { ExpressionSpecification, StyleSpecification } from 'maplibre-gl'

type Token = (name: string) => string
const source = (tiles: string, layer: string) => ({ type: 'vector' as const, tiles: [`${tiles}/${layer}/{z}/{x}/{y}.mvt`], minzoom: 5, maxzoom: 15, promoteId: 'id' })

export function mapStyle(token: Token, tiles: string): StyleSpecification {
  const steps: ExpressionSpecification = ['match', ['coalesce', ['feature-state', 'step'], 0], 1, token('ramp-1'), 2, token('ramp-2'), 3, token('ramp-3'), 4, token('ramp-4'), 5, token('ramp-5'), 'rgba(0,0,0,0)']
  const text = { 'text-font': ['sans-serif'], 'text-field': ['get', 'name'] as ExpressionSpecification }
  return {
    version: 8,
    sources: {
      outlines: source(tiles, 'outlines'), villages: source(tiles, 'villages'), base: source(tiles, 'base'),
      points: { type: 'geojson', data: { type: 'FeatureCollection', features: [] } },
      names: { type: 'geojson', data: { type: 'FeatureCollection', features: [] } },
    },
    layers: [
      { id: 'ground', type: 'background', paint: { 'background-color': token('well') } },
      { id: 'land', type: 'fill', source: 'outlines', 'source-layer': 'outlines', filter: ['==', ['get', 'level'], 'county'], paint: { 'fill-color': token('map-land') } },
      { id: 'filled', type: 'fill', source: 'outlines', 'source-layer': 'outlines', filter: ['==', ['get', 'level'], ''], paint: { 'fill-color': steps, 'fill-opacity': 0.92 } },
      { id: 'no-data', type: 'fill', source: 'outlines', 'source-layer': 'outlines', filter: ['in', ['get', 'id'], ['literal', []]], paint: { 'fill-pattern': 'hatch' } },
      { id: 'rivers', type: 'line', source: 'base', 'source-layer': 'base', filter: ['==', ['get', 'kind'], 'river'], paint: { 'line-color': token('map-water'), 'line-width': ['interpolate', ['linear'], ['zoom'], 8, 1.5, 14, 6] } },
      { id: 'roads', type: 'line', source: 'base', 'source-layer': 'base', filter: ['==', ['get', 'kind'], 'road'], paint: { 'line-color': token('map-road'), 'line-width': ['interpolate', ['linear'], ['zoom'], 8, 0.8, 14, 4] } },
      { id: 'village-borders', type: 'line', source: 'outlines', 'source-layer': 'outlines', minzoom: 10, filter: ['==', ['get', 'level'], 'village'], paint: { 'line-color': token('map-border'), 'line-width': 0.5, 'line-opacity': 0.6 } },
      { id: 'township-borders', type: 'line', source: 'outlines', 'source-layer': 'outlines', minzoom: 8, filter: ['==', ['get', 'level'], 'township'], paint: { 'line-color': token('map-border'), 'line-width': 1 } },
      { id: 'county-borders', type: 'line', source: 'outlines', 'source-layer': 'outlines', filter: ['in', ['get', 'level'], ['literal', ['county', 'city', 'province']]], paint: { 'line-color': token('ink-2'), 'line-width': 1.4 } },
      { id: 'villages', type: 'circle', source: 'villages', 'source-layer': 'villages', minzoom: 8, paint: { 'circle-radius': ['interpolate', ['linear'], ['zoom'], 8, 1.2, 11, 2.4, 14, 4], 'circle-color': token('raised'), 'circle-stroke-color': token('ink-2'), 'circle-stroke-width': 1 } },
      // Closed problems are drawn small and first, so that what is open lies on top.
      { id: 'points', type: 'symbol', source: 'points', layout: { 'icon-image': ['get', 'icon'], 'icon-allow-overlap': true, 'icon-ignore-placement': true, 'symbol-sort-key': ['get', 'order'], 'icon-size': ['interpolate', ['linear'], ['zoom'], 8, ['case', ['==', ['get', 'order'], 0], 0.32, 0.5], 13, ['case', ['==', ['get', 'order'], 0], 0.6, 0.9]] } },
      { id: 'names', type: 'symbol', source: 'names', maxzoom: 12, layout: { ...text, 'text-size': 14 }, paint: { 'text-color': token('ink'), 'text-halo-color': token('map-land'), 'text-halo-width': 2 } },
      { id: 'village-names', type: 'symbol', source: 'villages', 'source-layer': 'villages', minzoom: 11, layout: { ...text, 'text-size': 12, 'text-offset': [0, 0.9], 'text-anchor': 'top' }, paint: { 'text-color': token('ink-2'), 'text-halo-color': token('map-land'), 'text-halo-width': 1.2 } },
    ],
  }
}

/** Diagonal lines on a quiet ground: the pattern of "no data". */
export function hatch(ground: string, line: string, size = 8): { width: number; height: number; data: Uint8Array } {
  const rgb = (hex: string) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16))
  const g = rgb(ground), l = rgb(line), data = new Uint8Array(size * size * 4)
  for (let y = 0; y < size; y++) for (let x = 0; x < size; x++) {
    const c = (x + y) % size < 2 ? l : g
    data.set([c[0] ?? 0, c[1] ?? 0, c[2] ?? 0, 255], (y * size + x) * 4)
  }
  return { width: size, height: size, data }
}

const PARTS: { [state: string]: { token: string; part: number } } = {
  reported: { token: 'state-new', part: 0 }, assigned: { token: 'state-doing', part: 0.25 }, claimed: { token: 'state-claimed', part: 0.5 },
  verified: { token: 'state-checked', part: 0.75 }, confirmed: { token: 'state-done', part: 1 }, dismissed: { token: 'state-aside', part: 0 }, merged: { token: 'state-aside', part: 0 },
}
/** The state marks of base.css as pictures for the map: a round that fills, a triangle over it when overdue. By name: 'assigned', 'assigned-late'. */
export function stateIcons(token: Token): { name: string; image: ImageData }[] {
  const size = 32, middle = size / 2
  const canvas = document.createElement('canvas')
  canvas.width = canvas.height = size
  const c = canvas.getContext('2d', { willReadFrequently: true })
  if (!c) return []
  return Object.entries(PARTS).flatMap(([state, { token: name, part }]) => [false, true].map((late) => {
    c.clearRect(0, 0, size, size)
    const disc = (radius: number, from = 0, to = 1) => { c.beginPath(); if (to - from < 1) c.moveTo(middle, middle); c.arc(middle, middle, radius, (from - 0.25) * 2 * Math.PI, (to - 0.25) * 2 * Math.PI); c.closePath() }
    c.fillStyle = token('raised'); disc(12.5); c.fill()
    c.fillStyle = c.strokeStyle = token(name); c.lineWidth = 3
    disc(9); c.stroke()
    if (part > 0) { disc(9, 0, part); c.fill() }
    if (late) {
      c.beginPath(); c.moveTo(22, 1); c.lineTo(31, 16); c.lineTo(13, 16); c.closePath()
      c.lineWidth = 2; c.strokeStyle = token('raised'); c.fillStyle = token('alert'); c.fill(); c.stroke()
    }
    return { name: late ? `${state}-late` : state, image: c.getImageData(0, 0, size, size) }
  }))
}
