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
{{- with .Values.global.imageRegistry | default $image.registry }}{{ . }}/{{ end }}{{ $image.repository }}:{{ $image.tag | default .Chart.AppVersion }}
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
{{- $tls := .Values.tls -}}
{{- if $tls.client.enabled -}}
{{- $lines = concat $lines (list (printf "secureClientPort=%d" (int .Values.containerPorts.tls)) (printf "ssl.clientAuth=%s" $tls.client.auth)) -}}
{{- $lines = concat $lines (splitList " " (include "zoonode.storeLines" (dict "of" "client" "prefix" "ssl." "tls" $tls.client))) -}}
{{- end -}}
{{- if $tls.quorum.enabled -}}
{{- $lines = concat $lines (list "sslQuorum=true" (printf "ssl.quorum.clientAuth=%s" $tls.quorum.auth)) -}}
{{- $lines = concat $lines (splitList " " (include "zoonode.storeLines" (dict "of" "quorum" "prefix" "ssl.quorum." "tls" $tls.quorum))) -}}
{{- end -}}
{{- if .Values.auth.client.enabled -}}
{{- $lines = append $lines "authProvider.1=org.apache.zookeeper.server.auth.SASLAuthenticationProvider" -}}
{{- if .Values.auth.client.required -}}
{{- $lines = concat $lines (list "enforce.auth.enabled=true" "enforce.auth.schemes=sasl") -}}
{{- end -}}
{{- end -}}
{{- if .Values.auth.quorum.enabled -}}
{{- $lines = concat $lines (list "quorum.auth.enableSasl=true" "quorum.auth.learnerRequireSasl=true" "quorum.auth.serverRequireSasl=true") -}}
{{- end -}}
{{- range splitList "\n" .Values.extraConfiguration -}}
{{- with regexReplaceAll "\\s*=\\s*" (trim .) "=" -}}
{{- if regexMatch "\\s" . -}}{{- fail (printf "extraConfiguration: there must be no blanks in %q" .) -}}{{- end -}}
{{- $lines = append $lines . -}}
{{- end -}}
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
  {{- with .persistence.storageClass | default .global.storageClass }}
  storageClassName: {{ ternary "\"\"" . (eq . "-") }}
  {{- end }}
  {{- with .persistence.selector }}
  selector: {{- toYaml . | nindent 4 }}
  {{- end }}
  resources:
    requests:
      storage: {{ .size }}
{{- end -}}

{{/* Where the stores of one kind of TLS are, and the passwords to them. */}}
{{- define "zoonode.storeLines" -}}
{{- $tls := .tls -}}
{{- if not $tls.existingSecret -}}{{- fail (printf "tls.%s.existingSecret: the secret with the key store is missing" .of) -}}{{- end -}}
{{- $lines := list (printf "%skeyStore.location=/certs/%s/%s" .prefix .of $tls.existingSecretKeystoreKey) -}}
{{- if or $tls.passwordsSecretName $tls.keystorePassword -}}
{{- $lines = append $lines (printf "%skeyStore.passwordPath=/certs/%s-passwords/%s" .prefix .of $tls.passwordsSecretKeystoreKey) -}}
{{- end -}}
{{- if ne $tls.auth "none" -}}
{{- $lines = append $lines (printf "%strustStore.location=/certs/%s/%s" .prefix .of $tls.existingSecretTruststoreKey) -}}
{{- if or $tls.passwordsSecretName $tls.truststorePassword -}}
{{- $lines = append $lines (printf "%strustStore.passwordPath=/certs/%s-passwords/%s" .prefix .of $tls.passwordsSecretTruststoreKey) -}}
{{- end -}}
{{- end -}}
{{- join " " $lines -}}
{{- end -}}

{{/* Name of the secret that has the passwords to the stores; empty where they have none. */}}
{{- define "zoonode.storePasswords" -}}
{{- if .tls.passwordsSecretName -}}
{{- .tls.passwordsSecretName -}}
{{- else if or .tls.keystorePassword .tls.truststorePassword -}}
{{- printf "%s-tls-%s" .name .of -}}
{{- end -}}
{{- end -}}

{{/* A variable of the container out of a secret. */}}
{{- define "zoonode.secretVariable" -}}
- name: {{ .variable }}
  valueFrom: { secretKeyRef: { name: {{ .secret }}, key: {{ .key }} } }
{{- end -}}

{{/* Writes the users that the variables name, for the server and for the shell beside it. */}}
{{- define "zoonode.jaas" -}}
quoted() { local text=${1//\\/\\\\}; printf '"%s"' "${text//\"/\\\"}"; }
users() {
  local -a names passwords
  local index
  IFS=, read -r -a names <<<"$1"
  IFS=, read -r -a passwords <<<"$2"
  # A user without a password would be everybody.
  if [[ ${#names[@]} != "${#passwords[@]}" ]]; then
    echo "${#names[@]} users have ${#passwords[@]} passwords" >&2
    return 1
  fi
  for index in "${!names[@]}"; do printf '  user_%s=%s\n' "${names[index]}" "$(quoted "${passwords[index]-}")"; done
}
login() { printf '  username=%s\n  password=%s\n' "$(quoted "$1")" "$(quoted "$2")"; }
section() { printf '%s {\n  org.apache.zookeeper.server.auth.DigestLoginModule required\n%s;\n};\n' "$1" "$2"; }
umask 077
{
  {{- if .Values.auth.client.enabled }}
  entries=$(users "$ZOO_SERVER_USERS" "$ZOO_SERVER_PASSWORDS")
  section Server "$entries"
  if [[ -n $ZOO_CLIENT_USER ]]; then section Client "$(login "$ZOO_CLIENT_USER" "$ZOO_CLIENT_PASSWORD")"; fi
  {{- end }}
  {{- if .Values.auth.quorum.enabled }}
  entries=$(users "$ZOO_QUORUM_SERVER_USERS" "$ZOO_QUORUM_SERVER_PASSWORDS")
  section QuorumServer "$entries"
  section QuorumLearner "$(login "$ZOO_QUORUM_LEARNER_USER" "$ZOO_QUORUM_LEARNER_PASSWORD")"
  {{- end }}
} >/tmp/zoo_jaas.conf
umask 022
{{- end -}}
