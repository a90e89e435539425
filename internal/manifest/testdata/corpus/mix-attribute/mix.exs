defmodule Shop.MixProject do
  use Mix.Project

  @moduledoc """
  @version "9.0.0"
  """
  @version "1.4.0-rc.1"
  @source_url "https://example.com/#shop"

  def project, do: [app: :shop, version: @version]
end
