// The style of the drawn map, made from the design tokens. No glyph server: labels come from the reader's own fonts.
import type { ExpressionSpecification, StyleSpecification } from 'maplibre-gl'

type Token = (name: string) => string
const source = (tiles: string, layer: string) => ({ type: 'vector' as const, tiles: [`${tiles}/${layer}/{z}/{x}/{y}.mvt`], minzoom: 5, maxzoom: 15, promoteId: 'id' })

export function mapStyle(token: Token, tiles: string): StyleSpecification {
  const steps: ExpressionSpecification = ['match', ['coalesce', ['feature-state', 'step'], 0], 1, token('ramp-1'), 2, token('ramp-2'), 3, token('ramp-3'), 4, token('ramp-4'), 5, token('ramp-5'), 'rgba(0,0,0,0)']
  const state: ExpressionSpecification = ['match', ['get', 'state'], 'reported', token('state-new'), 'assigned', token('state-doing'), 'claimed', token('state-claimed'), 'verified', token('state-checked'), 'confirmed', token('state-done'), token('state-aside')]
  const text = { 'text-font': ['sans-serif'], 'text-field': ['get', 'name'] as ExpressionSpecification }
  return {
    version: 8,
    sources: {
      outlines: source(tiles, 'outlines'), villages: source(tiles, 'villages'), base: source(tiles, 'base'),
      points: { type: 'geojson', data: { type: 'FeatureCollection', features: [] } },
    },
    layers: [
      { id: 'ground', type: 'background', paint: { 'background-color': token('well') } },
      { id: 'land', type: 'fill', source: 'outlines', 'source-layer': 'outlines', filter: ['==', ['get', 'level'], 'county'], paint: { 'fill-color': token('map-land') } },
      { id: 'filled', type: 'fill', source: 'outlines', 'source-layer': 'outlines', filter: ['==', ['get', 'level'], ''], paint: { 'fill-color': steps, 'fill-opacity': 0.92 } },
      { id: 'no-data', type: 'fill', source: 'outlines', 'source-layer': 'outlines', filter: ['in', ['get', 'id'], ['literal', []]], paint: { 'fill-pattern': 'hatch' } },
      { id: 'rivers', type: 'line', source: 'base', 'source-layer': 'base', filter: ['==', ['get', 'kind'], 'river'], paint: { 'line-color': token('map-water'), 'line-width': ['interpolate', ['linear'], ['zoom'], 8, 1.5, 14, 6] } },
      { id: 'roads', type: 'line', source: 'base', 'source-layer': 'base', filter: ['==', ['get', 'kind'], 'road'], paint: { 'line-color': token('map-road'), 'line-width': ['interpolate', ['linear'], ['zoom'], 8, 0.8, 14, 4] } },
      { id: 'village-borders', type: 'line', source: 'outlines', 'source-layer': 'outlines', minzoom: 10, filter: ['==', ['get', 'level'], 'village'], paint: { 'line-color': token('map-border'), 'line-width': 0.5, 'line-opacity': 0.6 } },
      { id: 'township-borders', type: 'line', source: 'outlines', 'source-layer': 'outlines', minzoom: 7, filter: ['==', ['get', 'level'], 'township'], paint: { 'line-color': token('map-border'), 'line-width': 1 } },
      { id: 'county-borders', type: 'line', source: 'outlines', 'source-layer': 'outlines', filter: ['in', ['get', 'level'], ['literal', ['county', 'city', 'province']]], paint: { 'line-color': token('ink-2'), 'line-width': 1.4 } },
      { id: 'villages', type: 'circle', source: 'villages', 'source-layer': 'villages', minzoom: 8, paint: { 'circle-radius': ['interpolate', ['linear'], ['zoom'], 8, 1.2, 11, 2.4, 14, 4], 'circle-color': token('raised'), 'circle-stroke-color': token('ink-2'), 'circle-stroke-width': 1 } },
      { id: 'points', type: 'circle', source: 'points', paint: { 'circle-radius': ['interpolate', ['linear'], ['zoom'], 8, 3.5, 13, 7], 'circle-color': state, 'circle-stroke-width': ['case', ['get', 'overdue'], 2.5, 1], 'circle-stroke-color': ['case', ['get', 'overdue'], token('alert'), token('raised')] } },
      { id: 'township-names', type: 'symbol', source: 'outlines', 'source-layer': 'outlines', minzoom: 8, maxzoom: 12, filter: ['==', ['get', 'level'], 'township'], layout: { ...text, 'text-size': 13 }, paint: { 'text-color': token('ink'), 'text-halo-color': token('map-land'), 'text-halo-width': 1.5 } },
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
