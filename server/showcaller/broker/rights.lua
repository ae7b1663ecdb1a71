-- Which of our commands this user may not run. ARGV: each with its arguments, as words.
local missing = {}
for _, line in ipairs(ARGV) do
  local words = {}
  for word in string.gmatch(line, '%S+') do
    words[#words + 1] = word
  end
  if not redis.acl_check_cmd(unpack(words)) then
    missing[#missing + 1] = line
  end
end
return missing
