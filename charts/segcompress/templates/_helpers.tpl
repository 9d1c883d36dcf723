{{/* What begins every name. A Service's has no dot and begins with a letter, other than a release's. */}}
{{- define "segcompress.name" -}}
{{- $name := .Release.Name | replace "." "-" -}}
{{- if regexMatch "^[0-9]" $name -}}
{{- $name = printf "%s-%s" .Chart.Name $name -}}
{{- else if not (contains .Chart.Name $name) -}}
{{- $name = printf "%s-%s" $name .Chart.Name -}}
{{- end -}}
{{- $name | trunc 53 | trimSuffix "-" -}}
{{- end -}}

{{- define "segcompress.serviceAccountName" -}}
{{- $own := printf "%s-operator" (include "segcompress.name" .) -}}
{{- .Values.serviceAccount.name | default (ternary $own "default" .Values.serviceAccount.create) -}}
{{- end -}}

{{/* The release's namespace; quoted, since YAML would read some names as a number or a boolean. */}}
{{- define "segcompress.namespace" -}}
{{- .Release.Namespace | quote -}}
{{- end -}}

{{/* What begins the name of an object outside namespaces: two namespaces may hold releases of one name. No namespace has a dot in its name. */}}
{{- define "segcompress.clusterName" -}}
{{- printf "%s.%s" .Release.Namespace (include "segcompress.name" .) -}}
{{- end -}}

{{/* The operator's service account, as bindings name it. */}}
{{- define "segcompress.subject" -}}
{kind: ServiceAccount, name: {{ include "segcompress.serviceAccountName" . | quote }}, namespace: {{ include "segcompress.namespace" . }}}
{{- end -}}

{{- define "segcompress.selectorLabels" -}}
app.kubernetes.io/name: segcompress
app.kubernetes.io/instance: {{ .Release.Name | quote }}
app.kubernetes.io/component: operator
{{- end -}}

{{- define "segcompress.labels" -}}
{{ include "segcompress.selectorLabels" . }}
app.kubernetes.io/part-of: segcompress
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{- define "segcompress.progressHost" -}}
{{- printf "%s-operator.%s.svc" (include "segcompress.name" .) .Release.Namespace -}}
{{- end -}}

{{- define "segcompress.tlsSecretName" -}}
{{- .Values.progress.tls.secretName | default (printf "%s-operator-tls" (include "segcompress.name" .)) -}}
{{- end -}}

{{- define "segcompress.image" -}}
{{- $missing := printf "%s.repository is required: name the repository that `make push` printed, such as registry.example.com/segcompress/%s" .value .name -}}
{{- $repository := required $missing .image.repository -}}
{{- if .image.digest -}}
{{- printf "%s@%s" $repository .image.digest -}}
{{- else -}}
{{- printf "%s:%s" $repository (.image.tag | default .appVersion) -}}
{{- end -}}
{{- end -}}

{{- define "segcompress.leaseName" -}}
{{- printf "%s-operator" (include "segcompress.name" .) -}}
{{- end -}}

{{/* What the operator may do, and no more: no verb on Secrets, no exec, no wildcard. */}}
{{- define "segcompress.rules" -}}
- apiGroups: [segcompress.dev]
  resources: [segcompressionjobs]
  verbs: [get, list, watch, create, patch]
- apiGroups: [segcompress.dev]
  resources: [segcompressionsweeps]
  verbs: [list, watch]
- apiGroups: [segcompress.dev]
  resources: [segcompressionjobs/status]
  verbs: [patch]
- apiGroups: [segcompress.dev]
  resources: [segcompressionsweeps/status]
  verbs: [patch]
- apiGroups: [batch]
  resources: [jobs]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [""]
  resources: [pods]
  verbs: [list, watch]
- apiGroups: [""]
  resources: [events]
  verbs: [list, create]
{{- end -}}

{{/* A whole number of a values file is a float to helm, and `quote` would write it as 2.1e+09. */}}
{{- define "segcompress.quantity" -}}
{{- toJson . | trimAll "\"" | quote -}}
{{- end -}}

{{- define "segcompress.pullSecretNames" -}}
{{- $names := list -}}
{{- range . }}{{ $names = append $names .name }}{{ end -}}
{{- join "," $names -}}
{{- end -}}
