package main

import (
	"context"
	"fmt"

	"github.com/fluxcd/pkg/apis/kustomize"
	"github.com/fluxcd/pkg/runtime/cel"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Flux evaluates the health checks of a Kustomization.
type Flux struct {
	evaluators map[string]*cel.StatusEvaluator
}

func newFlux(path string) (*Flux, error) {
	var kustomization struct {
		Spec struct {
			HealthCheckExprs []kustomize.CustomHealthCheck `json:"healthCheckExprs"`
		} `json:"spec"`
	}
	if err := read(path, &kustomization); err != nil {
		return nil, err
	}
	flux := &Flux{evaluators: map[string]*cel.StatusEvaluator{}}
	for _, check := range kustomization.Spec.HealthCheckExprs {
		evaluator, err := cel.NewStatusEvaluator(&check.HealthCheckExpressions)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		flux.evaluators[check.APIVersion+"/"+check.Kind] = evaluator
	}
	return flux, nil
}

func (flux *Flux) status(ctx context.Context, resource *unstructured.Unstructured) (string, error) {
	evaluator, ok := flux.evaluators[resource.GetAPIVersion()+"/"+resource.GetKind()]
	if !ok {
		return "", fmt.Errorf("none for %s %s", resource.GetAPIVersion(), resource.GetKind())
	}
	result, err := evaluator.Evaluate(ctx, resource)
	if err != nil {
		return "", err
	}
	return result.Status.String(), nil
}
