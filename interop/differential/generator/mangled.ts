import { encodeBody, type Mangle, type Request } from '../requests.ts'
import { multi, multiRead } from './multi.ts'
import { orderlyRequest } from './operations.ts'
import type { World } from './values.ts'

const ODD_INTS = ['ffffffff', 'fffffffe', '80000000', '7fffffff', '00000000', '00100000', '000fffff', '00000001']
const CREATE_TTL = 21

/** A request whose body was damaged after encoding: cut, lengthened, or with a number in it overwritten. */
export function mangledRequest(world: World): Request {
  const { random } = world
  const request = random.weighted<(w: World) => Request>([
    [75, orderlyRequest],
    [18, multi],
    [7, multiRead]
  ])(world)
  const size = encodeBody(request, { lastZxid: 0n }).length
  return { ...request, mangle: mangle(world, request, size) }
}

function mangle({ random }: World, request: Request, size: number): Mangle {
  // Overwritten bytes could make a createTTL or a quota text that stops Apache 3.9.5 for good; see operations.ts.
  const patchable = size >= 4 && !holds(request, CREATE_TTL) && !JSON.stringify(request).includes('/zookeeper_')
  return random.weighted<() => Mangle>([
    [45, () => ({ cut: random.between(1, Math.max(1, size)) })],
    [15, () => ({ append: random.hex(random.between(1, 20)) })],
    [patchable ? 40 : 0, () => ({ patches: [{ at: random.below(size - 3), hex: random.pick(ODD_INTS) }] })]
  ])()
}

function holds(request: Request, op: number): boolean {
  if (request.op === op) return true
  const ops = request.fields?.ops
  return Array.isArray(ops) && ops.some((part: Request) => holds(part, op))
}
