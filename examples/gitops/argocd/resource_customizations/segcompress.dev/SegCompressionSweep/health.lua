-- Health of a SegCompressionJob or a SegCompressionSweep, from its conditions: for `resource.customizations.health.*` in argocd-cm.
local health = {status = "Progressing", message = "Waiting for the operator"}
local status = obj.status or {}

if status.conditions == nil or status.observedGeneration ~= obj.metadata.generation then
  return health
end

local conditions = {}
for _, condition in ipairs(status.conditions) do
  conditions[condition.type] = condition
end

local function holds(type)
  return conditions[type] ~= nil and conditions[type].status == "True"
end

if holds("Complete") then
  return {status = "Healthy", message = conditions.Complete.message}
end
if holds("Failed") then
  return {status = "Degraded", message = conditions.Failed.reason .. ": " .. conditions.Failed.message}
end
if holds("Reconciling") then
  health.message = conditions.Reconciling.reason .. ": " .. conditions.Reconciling.message
elseif holds("Suspended") then
  return {status = "Suspended", message = conditions.Suspended.message}
end
return health
