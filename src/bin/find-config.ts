import { join } from 'node:path'

/** Whether the arguments of a server name a configuration, or give the settings themselves. `-D` settings do not. */
export function namesConfig(args: readonly string[]): boolean {
  return args.some((arg) => !arg.startsWith('-D'))
}

/**
 * Path of the configuration of a server that was told none: that of the environment (`ZOOCFGDIR`, `ZOOCFG`, which count whether the file is
 * there or not: it was asked for), then the first that is there of `conf/zoo.cfg` and `zoo.cfg` in the working directory and
 * `/etc/zookeeper/zoo.cfg`, then that of the package.
 */
export function findConfig(
  env: Readonly<Record<string, string | undefined>>,
  workingDirectory: string,
  packageDirectory: string,
  exists: (path: string) => boolean
): string {
  const { ZOOCFGDIR: directory = '', ZOOCFG: name = '' } = env
  if (name.includes('/')) return name
  if (directory !== '') return join(directory, name === '' ? 'zoo.cfg' : name)
  const file = name === '' ? 'zoo.cfg' : name
  const own = join(packageDirectory, 'conf', 'zoo.cfg')
  const candidates = [join(workingDirectory, 'conf', file), join(workingDirectory, file), join('/etc/zookeeper', file)]
  return candidates.find(exists) ?? own
}
