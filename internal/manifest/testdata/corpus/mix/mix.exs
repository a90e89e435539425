defmodule Shop.MixProject do
  use Mix.Project

  # version: "0.1.0"
  def project do
    [
      app: :shop,
      version: "1.4.0",
      deps: deps()
    ]
  end

  defp deps, do: [{:a, "~> 1.0"}]
end
