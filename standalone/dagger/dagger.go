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
	DirectoryWithFileOpts    = dagger.DirectoryWithFileOpts
	ExecError                = dagger.ExecError
	File                     = dagger.File
	FileDigestOpts           = dagger.FileDigestOpts
	GitOpts                  = dagger.GitOpts
	GitRefTreeOpts           = dagger.GitRefTreeOpts
	HTTPOpts                 = dagger.HTTPOpts
	Platform                 = dagger.Platform
	Secret                   = dagger.Secret
	Service                  = dagger.Service
	Workspace                = dagger.Workspace
	WorkspaceDirectoryOpts   = dagger.WorkspaceDirectoryOpts
)
