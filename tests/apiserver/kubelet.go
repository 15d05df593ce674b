// What a kubelet is to an API server: logs, exec, attach and port-forward, by the library that
// container runtimes use for it. Its containers are processes of this machine.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"time"

	"k8s.io/cri-streaming/pkg/streaming/portforward"
	"k8s.io/cri-streaming/pkg/streaming/remotecommand"
	utilexec "k8s.io/utils/exec"
)

const patience = 30 * time.Second

type containers struct{}

func (containers) ExecInContainer(ctx context.Context, _, _, _ string, words []string, in io.Reader, out, err io.WriteCloser, _ bool, _ <-chan remotecommand.TerminalSize, _ time.Duration) error {
	command := exec.CommandContext(ctx, words[0], words[1:]...)
	command.Stdout, command.Stderr = out, err
	if in != nil {
		// Not by Stdin itself: a command may end before its input does.
		pipe, failed := command.StdinPipe()
		if failed != nil {
			return failed
		}
		go func() {
			io.Copy(pipe, in)
			pipe.Close()
		}()
	}
	failed := command.Run()
	var exit *exec.ExitError
	if errors.As(failed, &exit) {
		return utilexec.CodeExitError{Err: failed, Code: exit.ExitCode()}
	}
	return failed
}

func (containers) AttachContainer(_ context.Context, _, _, _ string, in io.Reader, out, _ io.WriteCloser, _ bool, _ <-chan remotecommand.TerminalSize) error {
	fmt.Fprintln(out, "attached")
	if in != nil {
		io.Copy(out, in)
	}
	return nil
}

// Every port of every pod echoes.
func (containers) PortForward(_ context.Context, _, _ string, _ int32, stream io.ReadWriteCloser) error {
	_, failed := io.Copy(stream, stream)
	return failed
}

func logs(w http.ResponseWriter, r *http.Request) {
	for line := 1; line <= 3; line++ {
		fmt.Fprintln(w, "line", line)
		w.(http.Flusher).Flush()
		if r.FormValue("follow") == "true" {
			time.Sleep(50 * time.Millisecond)
		}
	}
}

func main() {
	at, certificate, key := os.Args[1], os.Args[2], os.Args[3]
	handle := func(w http.ResponseWriter, r *http.Request) {
		options, failed := remotecommand.NewOptions(r)
		switch kind := strings.Split(r.URL.Path, "/")[1]; {
		case kind == "containerLogs":
			logs(w, r)
		case kind == "portForward":
			ports, failed := portforward.NewV4Options(r)
			if failed != nil {
				http.Error(w, failed.Error(), http.StatusBadRequest)
				return
			}
			portforward.ServePortForward(w, r, containers{}, "", "", ports, patience, patience, portforward.SupportedProtocols)
		case failed != nil:
			http.Error(w, failed.Error(), http.StatusBadRequest)
		case kind == "exec":
			remotecommand.ServeExec(w, r, containers{}, "", "", "", r.Form["command"], options, patience, patience, remotecommand.SupportedStreamingProtocols)
		case kind == "attach":
			remotecommand.ServeAttach(w, r, containers{}, "", "", "", options, patience, patience, remotecommand.SupportedStreamingProtocols)
		default:
			http.NotFound(w, r)
		}
	}
	fmt.Fprintln(os.Stderr, http.ListenAndServeTLS(at, certificate, key, http.HandlerFunc(handle)))
	os.Exit(1)
}
