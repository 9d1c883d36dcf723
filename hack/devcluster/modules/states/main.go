// What other tools say of a resource: each by its own library, from the files that our examples ship.
//
//	states FOLDER-OF-RESOURCES HEALTH.LUA FLUX-KUSTOMIZATION.YAML ARGO-WORKFLOW.YAML
//
// writes JSON: for each resource of the folder, by its file's name, one answer a tool.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/cli-utils/pkg/kstatus/status"
	"sigs.k8s.io/yaml"
)

// Answers holds what each tool says of one resource.
type Answers struct {
	Kstatus  string `json:"kstatus"`
	ArgoCD   Health `json:"argocd"`
	Flux     string `json:"flux"`
	Workflow string `json:"workflow"`
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "states:", err)
		os.Exit(1)
	}
}

func run(arguments []string) error {
	if len(arguments) != 4 {
		return fmt.Errorf("expected 4 arguments, got %d: FOLDER HEALTH.LUA KUSTOMIZATION.YAML WORKFLOW.YAML", len(arguments))
	}
	script, err := os.ReadFile(arguments[1])
	if err != nil {
		return err
	}
	flux, err := newFlux(arguments[2])
	if err != nil {
		return err
	}
	workflow, err := newWorkflow(arguments[3])
	if err != nil {
		return err
	}
	paths, err := filepath.Glob(filepath.Join(arguments[0], "*.yaml"))
	if err != nil {
		return err
	}
	all := map[string]Answers{}
	for _, path := range paths {
		resource := &unstructured.Unstructured{}
		if err := read(path, &resource.Object); err != nil {
			return err
		}
		answers, err := ask(resource, string(script), flux, workflow)
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		all[strings.TrimSuffix(filepath.Base(path), ".yaml")] = answers
	}
	return json.NewEncoder(os.Stdout).Encode(all)
}

func ask(resource *unstructured.Unstructured, script string, flux *Flux, workflow *Workflow) (answers Answers, err error) {
	computed, err := status.Compute(resource)
	if err != nil {
		return answers, fmt.Errorf("kstatus: %w", err)
	}
	answers.Kstatus = computed.Status.String()
	if answers.ArgoCD, err = runHealthScript(resource, script); err != nil {
		return answers, fmt.Errorf("health.lua: %w", err)
	}
	if answers.Flux, err = flux.status(context.Background(), resource); err != nil {
		return answers, fmt.Errorf("healthCheckExprs: %w", err)
	}
	answers.Workflow, err = workflow.verdict(resource)
	return answers, err
}

// read parses a YAML file as JSON would be: whole numbers stay whole, as the API server sends them.
func read(path string, into any) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	converted, err := yaml.YAMLToJSON(text)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if object, ok := into.(*map[string]any); ok {
		decoded := &unstructured.Unstructured{}
		if err := decoded.UnmarshalJSON(converted); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		*object = decoded.Object
		return nil
	}
	if err := json.Unmarshal(converted, into); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}
