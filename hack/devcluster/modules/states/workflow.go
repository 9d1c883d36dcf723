package main

import (
	"fmt"

	"github.com/tidwall/gjson"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
)

// Workflow holds the conditions of a resource template of Argo Workflows: label selectors whose keys are paths
// of gjson, as its executor reads them.
type Workflow struct {
	success, failure labels.Requirements
}

func newWorkflow(path string) (*Workflow, error) {
	var file struct {
		Spec struct {
			Templates []struct {
				Resource *struct {
					SuccessCondition string `json:"successCondition"`
					FailureCondition string `json:"failureCondition"`
				} `json:"resource"`
			} `json:"templates"`
		} `json:"spec"`
	}
	if err := read(path, &file); err != nil {
		return nil, err
	}
	for _, template := range file.Spec.Templates {
		if template.Resource == nil {
			continue
		}
		success, err := requirements(template.Resource.SuccessCondition)
		if err != nil {
			return nil, fmt.Errorf("%s: successCondition: %w", path, err)
		}
		failure, err := requirements(template.Resource.FailureCondition)
		if err != nil {
			return nil, fmt.Errorf("%s: failureCondition: %w", path, err)
		}
		return &Workflow{success, failure}, nil
	}
	return nil, fmt.Errorf("%s: no template has a resource", path)
}

func requirements(condition string) (labels.Requirements, error) {
	selector, err := labels.Parse(condition)
	if err != nil {
		return nil, err
	}
	parsed, _ := selector.Requirements()
	return parsed, nil
}

// verdict: one failure condition suffices, and all success conditions must hold.
func (workflow *Workflow) verdict(resource *unstructured.Unstructured) (string, error) {
	text, err := resource.MarshalJSON()
	if err != nil {
		return "", err
	}
	for _, requirement := range workflow.failure {
		if requirement.Matches(paths(text)) {
			return "Failed", nil
		}
	}
	for _, requirement := range workflow.success {
		if !requirement.Matches(paths(text)) {
			return "Running", nil
		}
	}
	return "Succeeded", nil
}

type paths []byte

func (text paths) Has(path string) bool { return gjson.GetBytes(text, path).Exists() }

func (text paths) Get(path string) string { return gjson.GetBytes(text, path).String() }

func (text paths) Lookup(path string) (string, bool) {
	found := gjson.GetBytes(text, path)
	return found.String(), found.Exists()
}
