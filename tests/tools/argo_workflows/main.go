// Waits for resources as a resource template of Argo Workflows does, by its own executor, and prints how each wait
// ended: Succeeded or Failed by the template's conditions, Running where neither came true within some seconds.
//
//	conditions KUBECONFIG SUCCESS FAILURE SECONDS PATH NAME...
//
// PATH is that of the kind at the API server, in a namespace.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	wfv1 "github.com/argoproj/argo-workflows/v4/pkg/apis/workflow/v1alpha1"
	"github.com/argoproj/argo-workflows/v4/util/logging"
	"github.com/argoproj/argo-workflows/v4/workflow/executor"
)

const every = 100 * time.Millisecond

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(arguments []string) error {
	kubeconfig, success, failure, seconds := arguments[0], arguments[1], arguments[2], arguments[3]
	path, names := arguments[4], arguments[5:]
	patience, err := time.ParseDuration(seconds + "s")
	if err != nil {
		return err
	}
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return err
	}
	config.QPS, config.Burst = 100, 100
	template := wfv1.Template{Resource: &wfv1.ResourceTemplate{SuccessCondition: success, FailureCondition: failure}}
	waiting, err := newExecutor(config, template)
	if err != nil {
		return err
	}
	verdicts := make([]string, len(names))
	var all sync.WaitGroup
	for place, name := range names {
		all.Go(func() { verdicts[place] = verdict(waiting, path, name, patience) })
	}
	all.Wait()
	said := map[string]string{}
	for place, name := range names {
		said[name] = verdicts[place]
	}
	return json.NewEncoder(os.Stdout).Encode(said)
}

func newExecutor(config *rest.Config, template wfv1.Template) (*executor.WorkflowExecutor, error) {
	clients, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	settings := executor.Config{Template: template, ResourceStateCheckInterval: every}
	return executor.NewExecutor(quiet(context.Background()), clients, nil, clients.RESTClient(), nil, settings)
}

func verdict(waiting *executor.WorkflowExecutor, path, name string, patience time.Duration) string {
	limited, cancel := context.WithTimeout(quiet(context.Background()), patience)
	defer cancel()
	// It takes a namespace for its log alone.
	err := waiting.WaitResource(limited, "", name, path+"/"+name)
	switch {
	case err == nil:
		return "Succeeded"
	case wait.Interrupted(err):
		return "Running"
	default:
		return "Failed"
	}
}

func quiet(ctx context.Context) context.Context {
	return logging.WithLogger(ctx, logging.NewSlogLoggerCustom(logging.Error, logging.JSON, os.Stderr))
}
