import { beforeEach, expect, test } from '@jest/globals'
import { type ChildPageQuery, ChildPages } from '../../../src/admin/console/child-pages.ts'
import type { ChildSlice } from '../../../src/admin/console/child-walks.ts'
import type { Stat } from '../../../src/client/stat.ts'
import type { ZooKeeper } from '../../../src/client/zookeeper.ts'

const COUNT = 25_000
const NAMES = Array.from({ length: COUNT }, (_, index) => `n${String(index).padStart(6, '0')}`)
const STAT = { czxid: 1n, pzxid: 9n, cversion: 9, aversion: 0, numChildren: COUNT } as Stat // what is looked at
const ONE = {} as ZooKeeper // is compared only
const OTHER = {} as ZooKeeper

let pages: ChildPages
let walkCount: number

beforeEach(() => {
  pages = new ChildPages()
  walkCount = 0
})

/** In an order that is neither that of the names nor its opposite. */
async function* slices(names: readonly string[]): AsyncGenerator<ChildSlice> {
  walkCount++
  for (let begin = 0; begin < 7; begin++) {
    const part = names.filter((_, index) => index % 7 === begin).reverse()
    yield { names: part, childCounts: part.map(() => 0) }
  }
}

function page(query: Partial<ChildPageQuery> = {}, names = NAMES) {
  const whole = { client: ONE, path: '/p', stat: STAT, filter: { kind: 'contains', text: '' }, after: '', limit: 500 }
  return pages.page({ ...whole, ...query } as ChildPageQuery, () => slices(names))
}

test('page after page gives all names in order, and a walk serves several pages', async () => {
  const seen: string[] = []
  for (let hasMore = true, pageCount = 0; hasMore; pageCount++) {
    const one = await page({ after: seen.at(-1) ?? '' })
    seen.push(...one.names)
    hasMore = one.hasMore
    expect(pageCount).toBeLessThan(COUNT / 500)
  }

  expect(seen).toEqual(NAMES)
  expect(walkCount).toBeLessThanOrEqual(COUNT / 3_500)
})

test.each([
  ['contains', 'N0000', 100],
  ['contains', '99', 655],
  ['prefix', 'N0249', 100],
  ['prefix', '249', 0]
] as const)(
  'names that are %s %s are found wherever they are, whatever the case of letters',
  async (kind, text, count) => {
    const wanted = NAMES.filter((name) =>
      kind === 'prefix' ? name.startsWith(text.toLowerCase()) : name.includes(text.toLowerCase())
    )

    const first = await page({ filter: { kind, text }, limit: 60 })
    const second = await page({ filter: { kind, text }, limit: 60, after: first.names.at(-1) ?? '~' })

    expect(wanted.length).toBe(count)
    expect([...first.names, ...second.names]).toEqual(wanted.slice(0, 120))
    expect([first.matchCount, second.matchCount]).toEqual([count, count])
    expect(second.hasMore).toBe(count > 120)
  }
)

test.each([
  ['another client', { client: OTHER }],
  ['another znode', { path: '/q' }],
  ['another filter', { filter: { kind: 'prefix', text: 'o' } as const }],
  ['a znode made anew', { stat: { ...STAT, czxid: 2n } }],
  ['children that have come or gone', { stat: { ...STAT, pzxid: 10n, cversion: 10 } }],
  ['another ACL', { stat: { ...STAT, aversion: 1 } }]
])('%s is not shown what is known of the one before', async (_what, query) => {
  await page()

  const other = await page(query, ['only'])

  expect(other).toEqual({ names: ['only'], hasMore: false, matchCount: 1 })
  expect(walkCount).toBe(2)
})
