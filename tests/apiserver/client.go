// A program with client-go as most controllers are: it finds its kubeconfig by itself, speaks
// protobuf, and waits for what it wants to see by a watch.
package main

import (
	"context"
	"fmt"
	"os"
	"time"

	v1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"
)

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "client:", err)
		os.Exit(1)
	}
}

func main() {
	ctx, stop := context.WithTimeout(context.Background(), 30*time.Second)
	defer stop()
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	config, err := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, nil).ClientConfig()
	must(err)
	config.ContentType = "application/vnd.kubernetes.protobuf"
	config.UserAgent = "client-go-program"
	client, err := kubernetes.NewForConfig(config)
	must(err)
	namespace := os.Args[1]
	maps := client.CoreV1().ConfigMaps(namespace)

	version, err := client.Discovery().ServerVersion()
	must(err)
	fmt.Println("server", version.GitVersion)
	_, err = maps.Get(ctx, "gone", meta.GetOptions{})
	fmt.Println("gone:", apierrors.IsNotFound(err))

	seen := make(chan string, 16)
	within := informers.WithNamespace(namespace)
	factory := informers.NewSharedInformerFactoryWithOptions(client, 0, within)
	tell := func(what string, object any) {
		if found, ok := object.(*v1.ConfigMap); ok && found.Name == "from-go" {
			seen <- fmt.Sprint(what, " ", found.Data["colour"])
		}
	}
	_, err = factory.Core().V1().ConfigMaps().Informer().AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    func(object any) { tell("added", object) },
		UpdateFunc: func(_, object any) { tell("updated", object) },
		DeleteFunc: func(object any) { tell("deleted", object) },
	})
	must(err)
	factory.Start(ctx.Done())
	factory.WaitForCacheSync(ctx.Done())

	wait := func() {
		select {
		case event := <-seen:
			fmt.Println(event)
		case <-ctx.Done():
			must(ctx.Err())
		}
	}
	wanted := &v1.ConfigMap{Data: map[string]string{"colour": "green"}}
	wanted.Name = "from-go"
	_, err = maps.Create(ctx, wanted, meta.CreateOptions{})
	must(err)
	wait()
	patch := []byte(`{"data":{"colour":"yellow"}}`)
	_, err = maps.Patch(ctx, "from-go", types.MergePatchType, patch, meta.PatchOptions{})
	must(err)
	wait()
	must(maps.Delete(ctx, "from-go", meta.DeleteOptions{}))
	wait()
}
