# Who the visitor is, with more fields where an endpoint has more to say.
struct MyApp::Json
  include Azu::Response

  def initialize(@body : String)
  end

  def self.of(session : UserSession, **more) : self
    new({id: session.session_id, user_id: session.user_id}.merge(more).to_json)
  end

  def render
    @body
  end
end
