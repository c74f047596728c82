import { freePorts } from '../../src/library/free-ports.ts'

/** A port that is free on all addresses, chosen as the library's ensembles choose theirs. */
export async function freePort(): Promise<number> {
  const [port] = await freePorts(1)
  if (port === undefined) throw new Error('no free port')
  return port
}
