package main

import (
	"github.com/spf13/cobra"
)

func (a *app) completionCommand() *cobra.Command {
	shells := []string{"bash", "zsh", "fish", "powershell"}
	return &cobra.Command{
		Use: "completion SHELL", GroupID: groupOther, Short: "Print the script that completes commands and flags in a shell",
		Long: "Print the script that completes commands and flags in bash, zsh, fish or powershell.",
		Example: `  source <(alakalab completion bash)
  alakalab completion zsh > "${fpath[1]}/_alakalab"
  alakalab completion fish > ~/.config/fish/completions/alakalab.fish`,
		ValidArgs: shells,
		Args:      cobra.MatchAll(cobra.ExactArgs(1), cobra.OnlyValidArgs),
		RunE: action(func(cmd *cobra.Command, args []string) error {
			root := cmd.Root()
			switch args[0] {
			case "bash":
				return root.GenBashCompletionV2(a.out, true)
			case "zsh":
				return root.GenZshCompletion(a.out)
			case "fish":
				return root.GenFishCompletion(a.out, true)
			default:
				return root.GenPowerShellCompletionWithDesc(a.out)
			}
		}),
	}
}
