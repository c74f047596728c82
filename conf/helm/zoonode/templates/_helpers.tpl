{{- define "zoonode.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "zoonode.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 52 | trimSuffix "-" -}}
{{- else -}}
{{- $name := include "zoonode.name" . -}}
{{- ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name) | trunc 52 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "zoonode.matchLabels" -}}
app.kubernetes.io/name: {{ include "zoonode.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: zookeeper
{{- end -}}

{{- define "zoonode.labels" -}}
{{ include "zoonode.matchLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "zoonode.image" -}}
{{- $image := .Values.image -}}
{{- with $image.registry }}{{ . }}/{{ end }}{{ $image.repository }}:{{ $image.tag | default .Chart.AppVersion }}
{{- end -}}

{{- define "zoonode.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "zoonode.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{/* Server lines, with blanks between: the same on all pods. */}}
{{- define "zoonode.servers" -}}
{{- $name := include "zoonode.fullname" . -}}
{{- $ports := .Values.containerPorts -}}
{{- $lines := list -}}
{{- range $index := until (int .Values.replicaCount) -}}
{{- $host := printf "%s-%d.%s-headless.%s.svc.%s" $name $index $name $.Release.Namespace $.Values.clusterDomain -}}
{{- $lines = append $lines (printf "server.%d=%s:%d:%d;%d" (add $index (int $.Values.minServerId)) $host (int $ports.follower) (int $ports.election) (int $ports.client)) -}}
{{- end -}}
{{- join " " $lines -}}
{{- end -}}

{{/* Further lines of zoo.cfg, with blanks between. */}}
{{- define "zoonode.extraLines" -}}
{{- $lines := list (printf "admin.serverPort=%d" (int .Values.containerPorts.adminServer)) (printf "maxSessionTimeout=%d" (int .Values.maxSessionTimeout)) (printf "quorumListenOnAllIPs=%t" .Values.listenOnAllIPs) -}}
{{- if .Values.metrics.enabled -}}
{{- $lines = concat $lines (list "metricsProvider.className=org.apache.zookeeper.metrics.prometheus.PrometheusMetricsProvider" (printf "metricsProvider.httpPort=%d" (int .Values.containerPorts.metrics))) -}}
{{- end -}}
{{- range splitList "\n" .Values.extraConfiguration -}}
{{- with trim . -}}{{- $lines = append $lines . -}}{{- end -}}
{{- end -}}
{{- join " " $lines -}}
{{- end -}}

{{- define "zoonode.probe" -}}
{{- $probe := omit .settings "enabled" -}}
exec:
  command: [node, /opt/zoonode/bin/probe.mjs, {{ .name }}, "http://127.0.0.1:{{ .port }}"]
{{ toYaml $probe }}
{{- end -}}

{{- define "zoonode.claim" -}}
metadata:
  name: {{ .name }}
  {{- with .persistence.annotations }}
  annotations: {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .persistence.labels }}
  labels: {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  accessModes: {{- toYaml .persistence.accessModes | nindent 4 }}
  {{- with .persistence.storageClass }}
  storageClassName: {{ ternary "\"\"" . (eq . "-") }}
  {{- end }}
  {{- with .persistence.selector }}
  selector: {{- toYaml . | nindent 4 }}
  {{- end }}
  resources:
    requests:
      storage: {{ .size }}
{{- end -}}
