import type { BackupSeries } from '../../storage/backup/backup-directory.ts'
import { showZxid } from '../../storage/file-names.ts'

/** What backups there are, and to which points they restore. */

const UNITS = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB']

export function listAsText(all: readonly BackupSeries[]): string {
  if (all.length === 0) return 'there are no backups\n'
  const rows = [['NAME', 'FROM', 'TO', 'LAST TRANSACTION', 'TXNS', 'SIZE']]
  for (const { backups } of all) {
    for (const { manifest } of backups) {
      const { name, fromZxid, toZxid, log, fromTimeMs } = manifest
      const lastMs = log.at(-1)?.lastTimeMs ?? fromTimeMs
      const txnCount = log.reduce((sum, file) => sum + file.txnCount, 0)
      const size = sizeText(sizeOf(manifest))
      rows.push([name, showZxid(fromZxid), showZxid(toZxid), new Date(lastMs).toISOString(), String(txnCount), size])
    }
  }
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? []
  return rows
    .map(
      (row) =>
        `${row
          .map((cell, column) => cell.padEnd(widths[column] ?? 0))
          .join('  ')
          .trimEnd()}\n`
    )
    .join('')
}

export function listAsJson(all: readonly BackupSeries[]): string {
  const value = all.map(({ full, backups, toZxid }) => ({
    series: full.manifest.name,
    restorable: { fromZxid: showZxid(full.manifest.fromZxid), toZxid: showZxid(toZxid) },
    backups: backups.map(({ folder, manifest }) => ({
      name: manifest.name,
      folder,
      kind: manifest.kind,
      startedMs: manifest.startedMs,
      finishedMs: manifest.finishedMs,
      serverId: manifest.serverId,
      fromZxid: showZxid(manifest.fromZxid),
      toZxid: showZxid(manifest.toZxid),
      lastTimeMs: manifest.log.at(-1)?.lastTimeMs ?? manifest.fromTimeMs,
      txnCount: manifest.log.reduce((sum, { txnCount }) => sum + txnCount, 0),
      bytes: sizeOf(manifest)
    }))
  }))
  return `${JSON.stringify(value, null, 2)}\n`
}

export function sizeText(bytes: number): string {
  const power = bytes < 1024 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log2(bytes) / 10))
  return `${(bytes / 1024 ** power).toFixed(power === 0 ? 0 : 1)} ${UNITS[power]}`
}

function sizeOf({ snapshot, log }: BackupSeries['full']['manifest']): number {
  return log.reduce((sum, { bytes }) => sum + bytes, snapshot?.bytes ?? 0)
}
