// Command argocd is Argo CD's application controller, its repository server or the helper of git, by
// the name that it is called by: Argo CD's own program without its user interface and other servers.
//
// This is the newest version that can be built out of published modules alone: later ones take their
// gitops-engine from a folder of their repository, or need a newer Go.
package main

import (
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	controller "github.com/argoproj/argo-cd/v3/cmd/argocd-application-controller/commands"
	askpass "github.com/argoproj/argo-cd/v3/cmd/argocd-git-ask-pass/commands"
	reposerver "github.com/argoproj/argo-cd/v3/cmd/argocd-repo-server/commands"
)

func main() {
	commands := map[string]func() *cobra.Command{
		"argocd-application-controller": controller.NewCommand,
		"argocd-git-ask-pass":           askpass.NewCommand,
		"argocd-repo-server":            reposerver.NewCommand,
	}
	command, known := commands[filepath.Base(os.Args[0])]
	if !known || command().Execute() != nil {
		os.Exit(1)
	}
}
