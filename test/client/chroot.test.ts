import { describe, expect, test } from '@jest/globals'
import { Chroot } from '../../src/client/chroot.ts'
import { InvalidPathError } from '../../src/client/errors.ts'

describe('a chroot', () => {
  const chroot = new Chroot('/app')

  test.each([
    { client: '/', server: '/app' },
    { client: '/a', server: '/app/a' },
    { client: '/a/b', server: '/app/a/b' }
  ])('stands before $client on the server and not in answers', ({ client, server }) => {
    expect(chroot.locate(client)).toEqual({ client, server })
    expect(chroot.strip(server)).toBe(client)
  })

  test.each(['/zookeeper/config', '/apple', '/', '/ap'])('leaves the path %s outside of it alone', (path) => {
    expect(chroot.contains(path)).toBe(false)
    expect(chroot.strip(path)).toBe(path)
  })

  test('lets a sequential path end in a slash, and no other', () => {
    expect(chroot.locateSequential('/a/').server).toBe('/app/a/')
    expect(() => chroot.locate('/a/')).toThrow(InvalidPathError)
  })

  test('is nothing when there is none', () => {
    const none = new Chroot(null)

    expect(none.locate('/a')).toEqual({ client: '/a', server: '/a' })
    expect(none.strip('/a')).toBe('/a')
    expect(none.contains('/anything')).toBe(true)
  })

  test('names the path as the caller gave it in its error', () => {
    const refused = catchError(() => chroot.locate('/a//b'))

    expect(refused).toMatchObject({ code: 'INVALID_PATH', wire: -8, path: '/a//b' })
  })
})

function catchError(run: () => unknown): unknown {
  try {
    run()
  } catch (error) {
    return error
  }
  throw new Error('nothing was thrown')
}
