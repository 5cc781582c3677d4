{{- define "patchboard.labels" -}}
app.kubernetes.io/name: patchboard
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "patchboard.settings" -}}
envFrom:
  - secretRef:
      name: {{ .Values.secretName }}
env:
  - name: PATCHBOARD_PUBLIC_URL
    value: {{ .Values.publicUrl | quote }}
  - name: PATCHBOARD_WORKERS
    value: {{ .Values.workers | quote }}
  - name: PATCHBOARD_TRUSTED_PROXIES
    value: {{ .Values.trustedProxies | quote }}
  {{- if not .Values.bot.enabled }}
  - name: PATCHBOARD_BOT_URL
    value: ""
  {{- end }}
  {{- range $name, $value := .Values.settings }}
  - name: {{ $name }}
    value: {{ $value | quote }}
  {{- end }}
{{- end }}

{{- define "patchboard.container" -}}
imagePullPolicy: {{ .Values.image.pullPolicy }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities:
    drop: ["ALL"]
volumeMounts:
  - name: desk
    mountPath: /data
  - name: temporary
    mountPath: /tmp
{{- end }}
