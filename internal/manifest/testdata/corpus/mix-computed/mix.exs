defmodule Shop.MixProject do
  use Mix.Project
  @version File.read!("VERSION") |> String.trim()

  def project do
    [app: :shop, version: @version]
  end
end
