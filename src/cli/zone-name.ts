import { readFileSync } from 'node:fs'

/** English forms of various countries: each has short names for the zones that are common there. */
const LOCALES = ['en-US', 'en-GB', 'en-AU', 'en-CA', 'en-IN', 'en-ZA']
const ZONE_FOLDER = '/usr/share/zoneinfo/'
const OFFSET_NAME = /^(GMT|UTC)[+-]/
/** Names of standard and summer time at the end of a zone file, such as `CET-1CEST,M3.5.0,M10.5.0/3`. */
const ZONE_RULE = /^([A-Z]{2,})[-+\d:]+(?:([A-Z]{2,})[-+\d:]*(?:,.*)?)?$/

/** Names that Java gives to zones of many people for which neither the locales nor the zone files have any. */
const NAMES: Readonly<Record<string, string>> = {
  'America/Sao_Paulo': 'BRT',
  'America/Argentina/Buenos_Aires': 'ART',
  'America/Buenos_Aires': 'ART',
  'America/Bogota': 'COT',
  'America/Lima': 'PET',
  'America/Caracas': 'VET',
  'Asia/Dubai': 'GST',
  'Asia/Singapore': 'SGT',
  'Asia/Kuala_Lumpur': 'MYT',
  'Asia/Bangkok': 'ICT',
  'Asia/Ho_Chi_Minh': 'ICT',
  'Asia/Kathmandu': 'NPT',
  'Asia/Dhaka': 'BDT',
  'Asia/Riyadh': 'AST',
  'Europe/Istanbul': 'TRT'
}

/**
 * The zone to show times in: that which the environment names by `TZ`, else the system's. A name that Node does not know is
 * passed over.
 */
export function timeZone(environment: NodeJS.ProcessEnv): string {
  const given = environment.TZ?.replace(/^:/, '') ?? ''
  return given !== '' && isKnown(given) ? given : Intl.DateTimeFormat().resolvedOptions().timeZone
}

/**
 * Short name of a time zone at a time: `UTC`, `CET`, `CEST`; `GMT+05:00` for a zone without one. Node has no list of them, so
 * they are looked for in the locales and in the system's zone files.
 */
export function zoneName(timeMs: number, zone: string): string {
  if (zone === 'UTC' || zone === 'GMT') return zone
  return NAMES[zone] ?? nameInLocales(timeMs, zone) ?? nameInZoneFile(timeMs, zone) ?? offsetName(timeMs, zone)
}

function isKnown(zone: string): boolean {
  try {
    Intl.DateTimeFormat('en-US', { timeZone: zone })
    return true
  } catch {
    return false // a RangeError says no more
  }
}

function nameInLocales(timeMs: number, zone: string): string | undefined {
  for (const locale of LOCALES) {
    const name = zoneText(timeMs, zone, locale, 'short')
    if (!OFFSET_NAME.test(name)) return name
  }
  return undefined
}

function nameInZoneFile(timeMs: number, zone: string): string | undefined {
  let text: string
  try {
    text = readFileSync(`${ZONE_FOLDER}${zone}`, 'latin1')
  } catch {
    return undefined // a system without zone files: the offset says as much
  }
  const [, standard, summer] = ZONE_RULE.exec(text.trimEnd().split('\n').at(-1) ?? '') ?? []
  return isSummerTime(timeMs, zone) ? (summer ?? standard) : standard
}

function isSummerTime(timeMs: number, zone: string): boolean {
  const year = new Date(timeMs).getUTCFullYear()
  const offsets = [Date.UTC(year, 0, 1), Date.UTC(year, 6, 1)].map((day) => offsetMinutes(day, zone))
  return offsetMinutes(timeMs, zone) > Math.min(...offsets)
}

function offsetName(timeMs: number, zone: string): string {
  const minutes = offsetMinutes(timeMs, zone)
  const size = Math.abs(minutes)
  const hours = String(Math.floor(size / 60)).padStart(2, '0')
  return `GMT${minutes < 0 ? '-' : '+'}${hours}:${String(size % 60).padStart(2, '0')}`
}

/** Minutes east of Greenwich. */
function offsetMinutes(timeMs: number, zone: string): number {
  const [, sign, hours, minutes] = /^GMT([+-])(\d\d):(\d\d)/.exec(zoneText(timeMs, zone, 'en-US', 'longOffset')) ?? []
  return (sign === '-' ? -1 : 1) * (Number(hours ?? 0) * 60 + Number(minutes ?? 0))
}

function zoneText(timeMs: number, zone: string, locale: string, style: 'short' | 'longOffset'): string {
  const parts = new Intl.DateTimeFormat(locale, { timeZone: zone, timeZoneName: style }).formatToParts(timeMs)
  return parts.find(({ type }) => type === 'timeZoneName')?.value ?? ''
}
