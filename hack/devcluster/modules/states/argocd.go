package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	lua "github.com/yuin/gopher-lua"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Health is what a health check of Argo CD returns.
type Health struct {
	Status  string `json:"status"`
	Message string `json:"message"`
}

// The words that Argo CD accepts of a health check (gitops-engine, pkg/health).
var healthStatuses = []string{"Healthy", "Progressing", "Degraded", "Suspended", "Missing", "Unknown"}

// runHealthScript runs the script as Argo CD does: its interpreter, the same few libraries, one second.
func runHealthScript(resource *unstructured.Unstructured, script string) (Health, error) {
	state := lua.NewState(lua.Options{SkipOpenLibs: true})
	defer state.Close()
	for name, open := range map[string]lua.LGFunction{lua.LoadLibName: lua.OpenPackage, lua.BaseLibName: lua.OpenBase, lua.TabLibName: lua.OpenTable} {
		if err := state.CallByParam(lua.P{Fn: state.NewFunction(open), Protect: true}, lua.LString(name)); err != nil {
			return Health{}, err
		}
	}
	limited, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	state.SetContext(limited)
	state.SetGlobal("obj", luaValue(state, resource.Object))
	if err := state.DoString(script); err != nil {
		return Health{}, err
	}
	returned, ok := state.Get(-1).(*lua.LTable)
	if !ok {
		return Health{}, errors.New("returned no table")
	}
	health := Health{Status: lua.LVAsString(returned.RawGetString("status")), Message: lua.LVAsString(returned.RawGetString("message"))}
	if !slices.Contains(healthStatuses, health.Status) {
		return Health{}, fmt.Errorf("status must be one of %v, got %q", healthStatuses, health.Status)
	}
	return health, nil
}

func luaValue(state *lua.LState, value any) lua.LValue {
	switch given := value.(type) {
	case map[string]any:
		table := state.CreateTable(0, len(given))
		for key, inner := range given {
			table.RawSetString(key, luaValue(state, inner))
		}
		return table
	case []any:
		table := state.CreateTable(len(given), 0)
		for _, inner := range given {
			table.Append(luaValue(state, inner))
		}
		return table
	case string:
		return lua.LString(given)
	case bool:
		return lua.LBool(given)
	case int64:
		return lua.LNumber(given)
	case float64:
		return lua.LNumber(given)
	case json.Number:
		return lua.LString(given)
	default:
		return lua.LNil
	}
}
