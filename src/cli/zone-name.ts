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
 * Short name of this process's time zone at a time: `UTC`, `CET`, `CEST`; `GMT+05:00` for a zone without one. Node has no list
 * of them, so they are looked for in the locales and in the system's zone files.
 */
export function zoneName(date: Date): string {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone
  if (zone === 'UTC') return process.env.TZ === 'GMT' ? 'GMT' : 'UTC'
  return NAMES[zone] ?? nameInLocales(date) ?? nameInZoneFile(zone, date) ?? offsetName(date)
}

function nameInLocales(date: Date): string | undefined {
  for (const locale of LOCALES) {
    const parts = new Intl.DateTimeFormat(locale, { timeZoneName: 'short' }).formatToParts(date)
    const name = parts.find(({ type }) => type === 'timeZoneName')?.value
    if (name !== undefined && !OFFSET_NAME.test(name)) return name
  }
  return undefined
}

function nameInZoneFile(zone: string, date: Date): string | undefined {
  let text: string
  try {
    text = readFileSync(`${ZONE_FOLDER}${zone}`, 'latin1')
  } catch {
    return undefined // a system without zone files: the offset says as much
  }
  const [, standard, summer] = ZONE_RULE.exec(text.trimEnd().split('\n').at(-1) ?? '') ?? []
  return isSummerTime(date) ? (summer ?? standard) : standard
}

function isSummerTime(date: Date): boolean {
  const year = date.getFullYear()
  const offsets = [new Date(year, 0, 1), new Date(year, 6, 1)].map((day) => day.getTimezoneOffset())
  return date.getTimezoneOffset() < Math.max(...offsets)
}

function offsetName(date: Date): string {
  const minutes = -date.getTimezoneOffset()
  const size = Math.abs(minutes)
  const hours = String(Math.floor(size / 60)).padStart(2, '0')
  return `GMT${minutes < 0 ? '-' : '+'}${hours}:${String(size % 60).padStart(2, '0')}`
}
