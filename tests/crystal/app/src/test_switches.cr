# What the tests change from outside of what setup wrote.
class MyApp::UserSession
  property value : String = ""
end

Session.configure do |config|
  config.compress_data = true if ENV["TEST_COMPRESS"]?
  config.encrypt_redis_data = true if ENV["TEST_ENCRYPT"]?
  config.use_kdf = true if ENV["TEST_KDF"]?
end
