defmodule All.MixProject do
  use Mix.Project

  def project do
    [
      apps_path: "apps",
      deps: []
    ]
  end
end
