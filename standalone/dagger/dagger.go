//go:build standalone

// Package dagger stands in for the bindings that a Dagger engine generates: the same names, from the released SDK.
package dagger

import "dagger.io/dagger"

// The types that ship uses.
type (
	BuildArg                 = dagger.BuildArg
	Client                   = dagger.Client
	Container                = dagger.Container
	ContainerPublishOpts     = dagger.ContainerPublishOpts
	Directory                = dagger.Directory
	DirectoryDockerBuildOpts = dagger.DirectoryDockerBuildOpts
	DirectoryEntriesOpts     = dagger.DirectoryEntriesOpts
	DirectoryFilterOpts      = dagger.DirectoryFilterOpts
	ExecError                = dagger.ExecError
	FileDigestOpts           = dagger.FileDigestOpts
	GitOpts                  = dagger.GitOpts
	GitRefTreeOpts           = dagger.GitRefTreeOpts
	Platform                 = dagger.Platform
	Secret                   = dagger.Secret
	Service                  = dagger.Service
	Workspace                = dagger.Workspace
	WorkspaceDirectoryOpts   = dagger.WorkspaceDirectoryOpts
)
