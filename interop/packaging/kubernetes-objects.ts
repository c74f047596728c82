import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { capture } from '../harness/capture.ts'

// biome-ignore lint/suspicious/noExplicitAny: objects of any kind, looked into as Kubernetes would
export type KubernetesObject = any

/** Templates that read files as YAML, as Kubernetes reads it, and write them as JSON. */
const READER = `{{- range $path, $_ := .Files.Glob "docs/*" }}
---
{{ $.Files.Get $path | fromYaml | toJson }}
{{- end }}
`

/** What Helm has rendered, as objects. Helm itself reads the YAML. */
export async function objectsOf(helm: string, rendered: string, folder: string): Promise<KubernetesObject[]> {
  const chart = join(folder, 'reader')
  mkdirSync(join(chart, 'docs'), { recursive: true })
  mkdirSync(join(chart, 'templates'), { recursive: true })
  writeFileSync(join(chart, 'Chart.yaml'), 'apiVersion: v2\nname: reader\nversion: 0.1.0\n')
  writeFileSync(join(chart, 'templates', 'all.yaml'), READER)
  const documents = rendered.split(/^---$/m).filter((document) => /^\w/m.test(document))
  for (const [index, document] of documents.entries()) {
    writeFileSync(join(chart, 'docs', `${String(index).padStart(3, '0')}.yaml`), document)
  }
  const answer = await capture(helm, ['template', 'reader', chart], folder)
  const objects = [...answer.matchAll(/^\{.*\}$/gm)].map(([line]) => JSON.parse(line) as KubernetesObject)
  if (objects.length !== documents.length)
    throw new Error(`${objects.length} of ${documents.length} documents are YAML`)
  return objects
}

const API_VERSIONS: Readonly<Record<string, string>> = {
  NetworkPolicy: 'networking.k8s.io/v1',
  PodDisruptionBudget: 'policy/v1',
  Secret: 'v1',
  Service: 'v1',
  ServiceAccount: 'v1',
  ServiceMonitor: 'monitoring.coreos.com/v1',
  StatefulSet: 'apps/v1'
}
const NAME = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/
const LABEL = /^([A-Za-z0-9]([-\w.]{0,61}[A-Za-z0-9])?)?$/
const PORT_NAME = /^(?=.*[a-z])[a-z0-9]([-a-z0-9]{0,13}[a-z0-9])?$/
const VARIABLE = /^[A-Za-z_]\w*$/

/** Fields that the objects of a chart like this one may have: another one is a slip of the pen. */
const FIELDS: Readonly<Record<string, readonly string[]>> = {
  Service: words(
    'type clusterIP loadBalancerIP loadBalancerSourceRanges sessionAffinity ports selector publishNotReadyAddresses'
  ),
  StatefulSet: words(
    'replicas serviceName podManagementPolicy updateStrategy selector template volumeClaimTemplates minReadySeconds'
  ),
  PodDisruptionBudget: words('minAvailable maxUnavailable selector'),
  NetworkPolicy: words('podSelector policyTypes ingress egress'),
  ServiceMonitor: words('selector namespaceSelector endpoints'),
  pod: words(
    'serviceAccountName automountServiceAccountToken terminationGracePeriodSeconds imagePullSecrets securityContext priorityClassName' +
      ' schedulerName runtimeClassName hostAliases nodeSelector tolerations topologySpreadConstraints affinity initContainers containers volumes'
  ),
  container: words(
    'name image imagePullPolicy securityContext command args env envFrom ports startupProbe livenessProbe readinessProbe lifecycle resources volumeMounts'
  ),
  probe: words('exec initialDelaySeconds periodSeconds timeoutSeconds failureThreshold successThreshold'),
  volume: words('name emptyDir secret configMap persistentVolumeClaim')
}

function words(text: string): string[] {
  return text.split(' ')
}

/**
 * What the API server, and what uses these objects, would say against them; empty if nothing. As far as it can be told without
 * one: kinds, names, labels, and that what one part names is there in another.
 *
 * @param existingSecrets those that the values say are there
 */
export function troublesOf(objects: readonly KubernetesObject[], existingSecrets: readonly string[]): string[] {
  const troubles: string[] = []
  const expect = (isSo: boolean, what: string): void => {
    if (!isSo) troubles.push(what)
  }
  const ofKind = (kind: string) => objects.filter((object) => object.kind === kind)
  const fields = (value: object, kind: string, what: string): void => {
    const strange = Object.keys(value).filter((name) => !FIELDS[kind]?.includes(name))
    expect(strange.length === 0, `${what} has ${strange}`)
  }
  for (const { apiVersion, kind, metadata, spec } of objects) {
    const what = `${kind} ${metadata?.name}`
    expect(API_VERSIONS[kind] === apiVersion, `${what} is of ${apiVersion}`)
    expect(NAME.test(metadata.name), `${what}: its name`)
    for (const [name, value] of Object.entries(metadata.labels ?? {})) {
      expect(typeof value === 'string' && LABEL.test(value), `${what}: label ${name} is ${value}`)
    }
    for (const value of Object.values(metadata.annotations ?? {})) {
      expect(typeof value === 'string', `${what}: annotation ${value} is no text`)
    }
    if (spec !== undefined) fields(spec, kind, what)
  }
  const names = objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`)
  expect(new Set(names).size === names.length, `there are two of a name: ${names}`)

  const [set] = ofKind('StatefulSet')
  const { metadata, spec: pod } = set.spec.template
  const selects = (selector: object): boolean =>
    Object.keys(selector).length > 0 &&
    Object.entries(selector).every(([name, value]) => metadata.labels[name] === value)
  expect(selects(set.spec.selector.matchLabels), 'the set does not select its pods')
  fields(pod, 'pod', 'the pod')
  const governing = ofKind('Service').find((service) => service.metadata.name === set.spec.serviceName)
  expect(governing?.spec.clusterIP === 'None', `${set.spec.serviceName} is no headless service`)
  expect(Number.isInteger(set.spec.replicas), 'replicas is no number')

  const secrets = [...existingSecrets, ...ofKind('Secret').map((secret) => secret.metadata.name)]
  const claims = (set.spec.volumeClaimTemplates ?? []).map((claim: KubernetesObject) => claim.metadata.name)
  for (const volume of pod.volumes) {
    fields(volume, 'volume', `volume ${volume.name}`)
    expect(Object.keys(volume).length === 2, `volume ${volume.name} has not one source`)
    const secret = volume.secret?.secretName
    expect(secret === undefined || secrets.includes(secret), `there is no secret ${secret}`)
  }
  const volumes = [...claims, ...pod.volumes.map((volume: KubernetesObject) => volume.name)]
  expect(new Set(volumes).size === volumes.length, `volumes ${volumes}`)

  const [container] = pod.containers
  fields(container, 'container', 'the container')
  const mounts: KubernetesObject[] = container.volumeMounts
  for (const { name } of mounts) expect(volumes.includes(name), `there is no volume ${name}`)
  for (const name of volumes)
    expect(
      mounts.some((mount) => mount.name === name),
      `nothing mounts ${name}`
    )
  expect(new Set(mounts.map((mount) => mount.mountPath)).size === mounts.length, 'two volumes at one place')
  const ports: KubernetesObject[] = container.ports
  for (const { name, containerPort } of ports) {
    expect(PORT_NAME.test(name) && containerPort > 0 && containerPort < 65_536, `port ${name} is ${containerPort}`)
  }
  const variables = container.env.map(({ name }: KubernetesObject) => name)
  expect(new Set(variables).size === variables.length, `variables ${variables}`)
  for (const { name, value, valueFrom } of container.env) {
    expect(VARIABLE.test(name), `variable ${name}`)
    expect((typeof value === 'string') !== (valueFrom !== undefined), `variable ${name} is ${value}`)
    const secret = valueFrom?.secretKeyRef
    expect(secret === undefined || secrets.includes(secret.name), `${name}: there is no secret ${secret?.name}`)
    const own = ofKind('Secret').find((one) => one.metadata.name === secret?.name)
    expect(own === undefined || secret.key in own.stringData, `${name}: there is no ${secret?.key} in the secret`)
  }
  for (const probe of [container.startupProbe, container.livenessProbe, container.readinessProbe]) {
    if (probe === undefined) continue
    fields(probe, 'probe', 'a probe')
    expect(Array.isArray(probe.exec.command), 'a probe runs nothing')
  }

  for (const { metadata: own, spec } of ofKind('Service')) {
    expect(selects(spec.selector), `service ${own.name} selects no pod`)
    const portNames = spec.ports.map(({ name }: KubernetesObject) => name)
    expect(
      new Set(portNames).size === portNames.length && portNames.length > 0,
      `service ${own.name}: ports ${portNames}`
    )
    for (const { name, port, targetPort, nodePort } of spec.ports) {
      expect(Number.isInteger(port), `service ${own.name}: port ${name} is ${port}`)
      expect(
        ports.some((one) => one.name === targetPort),
        `service ${own.name}: there is no port ${targetPort}`
      )
      expect(
        nodePort === undefined || spec.type !== 'ClusterIP',
        `service ${own.name}: a node port inside of the cluster`
      )
    }
  }
  for (const { spec } of ofKind('PodDisruptionBudget')) {
    expect(selects(spec.selector.matchLabels), 'the budget selects no pod')
    expect((spec.minAvailable === undefined) !== (spec.maxUnavailable === undefined), 'the budget is not one number')
  }
  for (const { spec } of ofKind('NetworkPolicy')) {
    expect(selects(spec.podSelector.matchLabels), 'the policy selects no pod')
    const open = spec.ingress
      .flatMap((rule: KubernetesObject) => rule.ports ?? [])
      .map((one: KubernetesObject) => one.port)
    for (const { name, containerPort } of ports) expect(open.includes(containerPort), `nobody may reach ${name}`)
  }
  for (const { spec } of ofKind('ServiceMonitor')) {
    const monitored = ofKind('Service').filter((service) =>
      Object.entries(spec.selector.matchLabels).every(([name, value]) => service.metadata.labels[name] === value)
    )
    expect(monitored.length === 1, `the monitor selects ${monitored.length} services`)
    const there = monitored[0]?.spec.ports.map(({ name }: KubernetesObject) => name) ?? []
    for (const { port } of spec.endpoints) expect(there.includes(port), `the monitor asks at ${port}`)
  }
  const account = pod.serviceAccountName
  expect(account === 'default' || names.includes(`ServiceAccount ${account}`), `there is no account ${account}`)
  return troubles
}
